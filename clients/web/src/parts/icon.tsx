/** Icons: strokes on a grid of 24. They say nothing by themselves; the text beside them does. */

const PATHS = {
  dashboard: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  tasks: "M4 6.5l1.5 1.5L8 5M4 12.5l1.5 1.5L8 11M4 18.5l1.5 1.5L8 17M12 6.5h8M12 12.5h8M12 18.5h8",
  reminders: "M12 8v4.5l3 1.8M12 4a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM4.5 5.5L7 3.5M19.5 5.5L17 3.5",
  calendar: "M4 6.5h16v13H4zM4 10.5h16M8 4v4M16 4v4",
  notifications: "M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 2h-15zM10 20.5h4",
  analytics: "M4 20h16M7 16.5v-5M12 16.5v-10M17 16.5v-7",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4zM9 14.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z",
  plus: "M12 5v14M5 12h14",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5L20 20",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5.5 12.5l4 4 9-9.5",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  file: "M7 3.5h7l4 4v13H7zM14 3.5v4h4",
  clip: "M18.5 11.5l-6.8 6.8a4.2 4.2 0 0 1-6-6l7.6-7.5a2.8 2.8 0 0 1 4 4l-7.4 7.3a1.4 1.4 0 0 1-2-2l6.3-6.2",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
  flag: "M6 21V4h11l-2 4 2 4H6",
  menu: "M4 7h16M4 12h16M4 17h16",
  left: "M14.5 5.5L8 12l6.5 6.5",
  right: "M9.5 5.5L16 12l-6.5 6.5",
  repeat: "M5 11V9.5a3 3 0 0 1 3-3h9.5M15 4l2.5 2.5L15 9M19 13v1.5a3 3 0 0 1-3 3H6.5M9 20l-2.5-2.5L9 15",
  shield: "M12 3.5l7 2.5v5.5c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6z",
  out: "M14 4.5H5.5v15H14M10 12h10M16.5 8.5L20 12l-3.5 3.5",
  keyboard: "M3.5 7h17v10.5h-17zM7 10.5h.01M10.5 10.5h.01M14 10.5h.01M17.5 10.5h.01M8 14h8",
  flame: "M12 3.5c.5 3.5 5 5 5 10a5 5 0 0 1-10 0c0-2 1-3 2-4 .3 1.5 1 2 1.5 2.2C10.5 8.5 10.5 6 12 3.5z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
