// The status of an alarm or an adaptation, as the term that the page shows for it.

import type { ActionStatus, AlarmStatus } from "../api/wire";
import type { TermName } from "../ui/glossary";

const TERMS: Record<ActionStatus | AlarmStatus, TermName> = {
  open: "on trial",
  accepted: "accepted",
  rolled_back: "rolled back",
  acted: "acted",
  deferred: "deferred",
  skipped: "skipped",
};

export function statusTerm(status: ActionStatus | AlarmStatus): TermName {
  return TERMS[status];
}
