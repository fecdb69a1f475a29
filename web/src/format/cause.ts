/** What caused an adaptation, in a word; an alarm or a change of regime is named by its id, which says nothing to a reader. */
export function causeOf(cause: string): string {
  const [kind, id] = cause.split(":", 2);
  return id !== undefined && (kind === "drift" || kind === "regime") ? kind : cause;
}
