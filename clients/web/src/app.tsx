import { QueryClientProvider } from "@tanstack/preact-query";
import type { ComponentChildren } from "preact";
import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";

import { cache, onSession, spacedly } from "./api";
import { useMe, type User } from "./data/user";
import { forgetDraftOfOthers, keepDraft } from "./draft";
import { isSignedOut } from "./errors";
import { Analytics } from "./pages/analytics";
import { Calendar } from "./pages/calendar";
import { Dashboard } from "./pages/dashboard";
import { Login, nextPath } from "./pages/login";
import { NotFound } from "./pages/not-found";
import { Notifications } from "./pages/notifications";
import { Register } from "./pages/register";
import { Reminders } from "./pages/reminders";
import { ResetPassword } from "./pages/reset-password";
import { Settings } from "./pages/settings";
import { Tasks } from "./pages/tasks";
import { VerifyEmail } from "./pages/verify-email";
import { VerifyOtp } from "./pages/verify-otp";
import { Shell } from "./parts/shell";
import { Failure, Skeleton } from "./parts/states";
import { Toasts } from "./parts/toasts";
import { setZone } from "./time";
import { words } from "./words";

export function App() {
  return (
    <QueryClientProvider client={cache}>
      <LocationProvider>
        <Guarded>
          <ErrorBoundary>
            <Router>
              <Route path="/" component={Start} />
              <Route path="/login" component={() => <SignedOut page={Login} />} />
              <Route path="/register" component={() => <SignedOut page={Register} />} />
              <Route path="/verify-otp" component={VerifyOtp} />
              <Route path="/verify-email" component={VerifyEmail} />
              <Route path="/reset-password" component={ResetPassword} />
              <Route path="/dashboard" component={() => <SignedIn page={Dashboard} />} />
              <Route path="/tasks" component={() => <SignedIn page={Tasks} />} />
              <Route path="/reminders" component={() => <SignedIn page={Reminders} />} />
              <Route path="/calendar" component={() => <SignedIn page={Calendar} />} />
              <Route path="/notifications" component={() => <SignedIn page={Notifications} />} />
              <Route path="/analytics" component={() => <SignedIn page={Analytics} />} />
              <Route path="/settings" component={() => <SignedIn page={Settings} />} />
              <Route default component={NotFound} />
            </Router>
          </ErrorBoundary>
        </Guarded>
        <Toasts />
      </LocationProvider>
    </QueryClientProvider>
  );
}

/** Says so when a page breaks, instead of leaving nothing. */
function Guarded({ children }: { children: ComponentChildren }) {
  const [broken] = useErrorBoundary((error: unknown) => console.error(error));
  if (!broken) return <>{children}</>;
  return (
    <main class="center">
      <p role="alert">{words.common.crashed}</p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        {words.common.reload}
      </button>
    </main>
  );
}

function Start() {
  const { route } = useLocation();
  useEffect(() => route(spacedly.isProbablySignedIn() ? "/dashboard" : "/login", true), []);
  return null;
}

/** A page for who is not signed in; everybody else goes on, unless the address says why they are here. */
function SignedOut({ page: Page }: { page: () => ComponentChildren }) {
  const { query, route } = useLocation();
  const [goesOn] = useState(() => spacedly.isProbablySignedIn() && !query["reason"] && !query["error"]);
  useEffect(() => {
    if (goesOn) route(nextPath(query["next"]), true);
  }, []);
  return goesOn ? null : <Page />;
}

export interface PageProps {
  me: User;
}

/** A page for who is signed in; everybody else signs in first and comes back. */
function SignedIn({ page: Page }: { page: (props: PageProps) => ComponentChildren }) {
  const me = useMe();
  const { route } = useLocation();
  const away = (reason: string) => {
    if (location.pathname === "/login") return;
    const user = cache.getQueryData<User>(["me"]);
    if (user) keepDraft(user.id);
    cache.clear();
    const next = location.pathname + location.search;
    route(`/login?${new URLSearchParams({ next, ...(reason && { reason }) })}`, true);
  };
  useEffect(() => onSession((change) => change === "signed-out" && away("ended")), []);
  const isOut = isSignedOut(me.error);
  useEffect(() => {
    if (isOut) away(spacedly.isProbablySignedIn() ? "ended" : "");
  }, [isOut]);
  if (me.data && !isOut) {
    setZone(me.data.timezone);
    forgetDraftOfOthers(me.data.id);
    return (
      <Shell me={me.data} key={me.data.timezone}>
        <Page me={me.data} />
      </Shell>
    );
  }
  return (
    <main class="center">
      {me.error && !isOut ? <Failure error={me.error} retry={() => void me.refetch()} /> : <Skeleton rows={4} />}
    </main>
  );
}
