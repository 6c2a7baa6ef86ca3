/** What became of a reminder's mail, in words. */

import type { Delivery, Reminder } from "./data/reminders";
import { showDuration, showMoment } from "./time";
import { words } from "./words";

const said = words.receipt;
/** Within so many ms a mail is on time. */
const PUNCTUAL = 1_000;

export function receipt({ delivery, type, status, morningEmailSent }: Pick<Reminder, "delivery" | "type" | "status" | "morningEmailSent">): string {
  const outcome = type === "push" ? (status === "completed" ? said.appDone : said.appOnly) : ofMail(delivery);
  return morningEmailSent ? `${outcome} · ${said.digest}` : outcome;
}

function ofMail({ state, scheduledFor, latenessMs, reason }: Delivery): string {
  switch (state) {
    case "scheduled":
      return scheduledFor ? said.planned(showMoment(scheduledFor)) : words.reminders.statuses.pending;
    case "sent":
      return mailed(latenessMs);
    case "delivered":
      return `${mailed(latenessMs)}, ${said.delivered}`;
    case "bounced":
      return because(said.bounced, reason);
    case "failed":
      return because(said.failed, reason);
    case "skipped":
      return reason ? because(said.failed, reason) : said.skipped;
  }
}

const because = (outcome: string, reason: string | null) => (reason ? said.because(outcome, said.reasons[reason] ?? reason) : outcome);

function mailed(latenessMs: number | null): string {
  if (latenessMs === null) return said.sent;
  return latenessMs < PUNCTUAL ? said.onTime : said.late(showDuration(latenessMs));
}
