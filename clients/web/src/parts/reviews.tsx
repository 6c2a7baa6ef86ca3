/** Reviews: rating the open ones, and the queue of them. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { rateReview, type ListedReminder, type Rating, type Reminder } from "../data/reminders";
import { dayOf, showMoment, today } from "../time";
import { words } from "../words";
import { useTaskAddress } from "./shell";
import { fail, toast } from "./toasts";

const said = words.reviews;
const RATINGS = ["again", "hard", "good", "easy"] as const satisfies readonly Rating[];

/** Whether a review can be rated: from the beginning of its day on. */
export const isOpenReview = ({ kind, status, scheduledAt }: Pick<Reminder, "kind" | "status" | "scheduledAt">) =>
  kind === "review" && status === "pending" && dayOf(scheduledAt) <= today();

interface RatingsProps {
  /** The reminder that is the review. */
  id: string;
  title: string;
  onRated?: () => void;
}

export function Ratings({ id, title, onRated }: RatingsProps) {
  const [busy, setBusy] = useState(false);
  const rate = async (rating: Rating) => {
    if (busy) return;
    setBusy(true);
    try {
      const next = await rateReview(id, rating);
      toast(said.rated(title, showMoment(next.scheduledAt)));
      onRated?.();
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="ratings" role="group" aria-label={said.rate(title)}>
      {RATINGS.map((rating) => (
        <button key={rating} type="button" class={rating} aria-disabled={busy} onClick={() => void rate(rating)}>
          {said.ratings[rating]}
        </button>
      ))}
    </div>
  );
}

/** The reviews that are due, each with its ratings; the focus goes on to the next one. */
export function ReviewQueue({ reviews }: { reviews: ListedReminder[] }) {
  const { taskHref } = useTaskAddress();
  const list = useRef<HTMLUListElement>(null);
  const held = useRef(false);
  const { length } = reviews;
  useLayoutEffect(() => {
    const wasHeld = held.current;
    held.current = false;
    if (wasHeld && !list.current?.contains(document.activeElement)) list.current?.querySelector<HTMLElement>(".ratings button")?.focus();
  }, [length]);
  return (
    <ul class="tasks" ref={list} aria-label={said.due} onFocusIn={() => (held.current = true)} onFocusOut={(event) => (held.current = event.relatedTarget === null)}>
      {reviews.map(({ id, taskId, task, message, scheduledAt }) => (
        <li key={id} class="review">
          <a class="about" href={taskHref(taskId)}>
            <span class="title" dir="auto">
              {task?.title ?? words.reminders.noTask}
            </span>
            {message && <span dir="auto">{message}</span>}
            <span class="faint">{showMoment(scheduledAt)}</span>
          </a>
          <Ratings id={id} title={task?.title ?? words.reminders.noTask} />
        </li>
      ))}
    </ul>
  );
}
