/** The cause of an adaptation, in a word, without the id of the alarm or of the regime. */
export function causeOf(cause: string): string {
  const [kind, id] = cause.split(":", 2);
  return id !== undefined && (kind === "drift" || kind === "regime") ? kind : cause;
}
