import { cache } from "../../api";
import { endOtherSessions, endSession, useAction, useSessions } from "../../data/user";
import { Loaded } from "../../parts/states";
import { fail, toast } from "../../parts/toasts";
import { showMoment } from "../../time";
import { words } from "../../words";
import { Section } from "./section";

const said = words.settings;

export function Sessions() {
  const sessions = useSessions();
  const refresh = () => void cache.invalidateQueries({ queryKey: ["sessions"] });
  const one = useAction(endSession, () => (refresh(), toast(said.sessionEnded)));
  const others = useAction(endOtherSessions, () => (refresh(), toast(said.sessionsEnded)));
  return (
    <Section title={said.sessions} text={said.sessionsText}>
      <Loaded query={sessions} rows={2}>
        {(all) => (
          <>
            <ul class="plain">
              {all.map((session) => (
                <li key={session.id} class="line">
                  <span class="about">
                    <span class="title">
                      {session.device} {session.current && <span class="chip completed">{said.thisDevice}</span>}
                    </span>
                    <span class="faint">
                      {session.ip} · {said.lastUsed(showMoment(session.lastUsedAt))} · {said.signedInAt(showMoment(session.createdAt))}
                    </span>
                  </span>
                  {!session.current && (
                    <button type="button" aria-label={said.endSession(session.device)} disabled={one.isPending} onClick={() => one.mutate(session.id, { onError: fail })}>
                      {said.end}
                    </button>
                  )}
                </li>
              ))}
            </ul>
            {all.length > 1 && (
              <button type="button" disabled={others.isPending} onClick={() => others.mutate(undefined, { onError: fail })}>
                {said.endAll}
              </button>
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}
