import {
  deleteNotification,
  hideNotification,
  markAllRead,
  markRead,
  useNotifications,
  useUnread,
  type Notification,
} from "../data/notifications";
import { Icon } from "../parts/icon";
import { PageHead } from "../parts/page";
import { useTaskAddress } from "../parts/shell";
import { Empty, Loaded } from "../parts/states";
import { fail, doWithUndo } from "../parts/toasts";
import { showMoment, showRelative } from "../time";
import { words } from "../words";

const said = words.notifications;

export function Notifications() {
  const list = useNotifications();
  const unread = useUnread();
  return (
    <>
      <PageHead title={said.title}>
        {Boolean(unread.data) && (
          <button type="button" onClick={() => void markAllRead().catch(fail)}>
            <Icon name="check" />
            {said.readAll}
          </button>
        )}
      </PageHead>
      <Loaded query={list} rows={6}>
        {({ pages }) => {
          const shown = pages.flatMap((page) => page.notifications);
          return (
            <>
              {shown.length === 0 && !list.hasNextPage && (
                <Empty icon="notifications" title={said.emptyTitle}>
                  {said.empty}
                </Empty>
              )}
              {shown.length > 0 && (
                <ul class="tasks">
                  {shown.map((one) => (
                    <Row key={one.id} one={one} />
                  ))}
                </ul>
              )}
              {list.hasNextPage && (
                <button type="button" class="more" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                  {said.more}
                </button>
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Row({ one }: { one: Notification }) {
  const { taskHref } = useTaskAddress();
  const read = () => void markRead(one.id).catch(fail);
  const remove = () => doWithUndo(said.removed, () => hideNotification(one.id), () => deleteNotification(one.id));
  const text = (
    <>
      <span class="title" dir="auto">
        {!one.isRead && <span class="dot" aria-hidden="true" />}
        {one.title}
        {!one.isRead && <span class="hidden"> ({said.isNew})</span>}
      </span>
      <span dir="auto">{one.message}</span>
      <span class="meta">
        <span class={`chip ${one.type}`}>{one.security ? said.security : said.types[one.type]}</span>
        <time dateTime={one.createdAt} title={showMoment(one.createdAt)}>
          {showRelative(one.createdAt)}
        </time>
      </span>
    </>
  );
  return (
    <li class={`notification ${one.isRead ? "" : "unread"}`}>
      <Icon name={one.security ? "shield" : "notifications"} />
      {one.task ? (
        <a class="about" href={taskHref(one.task.id)} onClick={() => !one.isRead && read()}>
          {text}
        </a>
      ) : (
        <span class="about">{text}</span>
      )}
      <span class="row-actions">
        {!one.isRead && (
          <button type="button" class="quiet" onClick={read}>
            {said.read}
            <span class="hidden">: {one.title}</span>
          </button>
        )}
        <button type="button" class="quiet" aria-label={`${said.remove}: ${one.title}`} onClick={remove}>
          <Icon name="trash" />
        </button>
      </span>
    </li>
  );
}
