/** The sign-in that waits for its mailed code; it survives a reload, not the tab. */

const KEY = "spacedly.challenge";

export interface Challenge {
  id: string;
  email: string;
}

export function keepChallenge(challenge: Challenge): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(challenge));
  } catch {
    // The challenge's cookie names it as well.
  }
}

/** Nothing after a sign-in with Google: then the challenge's cookie names it. */
export function keptChallenge(): Challenge | undefined {
  try {
    const text = sessionStorage.getItem(KEY);
    return text ? (JSON.parse(text) as Challenge) : undefined;
  } catch {
    return undefined;
  }
}

export function forgetChallenge(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // There was none, then.
  }
}
