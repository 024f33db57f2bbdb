// Who may talk to the loopback server: a random token in the printed address, good for one browser, is exchanged for
// a cookie that scripts cannot read and other sites cannot send. Comparison takes the same time for every guess.

import { randomBytes, timingSafeEqual } from 'node:crypto';

export interface EntryTicket {
  /** To be put into the address; base64url. */
  readonly token: string;
  /** The cookie for a browser that brings the token, once; undefined for a wrong or used one. */
  exchange(token: string): string | undefined;
  /** Whether a Cookie header holds our cookie. */
  admits(cookieHeader: string | undefined): boolean;
}

/** `port` is part of the cookie's name, because browsers share cookies between the ports of a host. */
export function issueTicket(port: number): EntryTicket {
  const token = randomBytes(32).toString('base64url');
  const session = randomBytes(32).toString('base64url');
  const cookieName = `likeness-${port}`;
  let isUsed = false;
  return {
    token,
    exchange(given) {
      if (isUsed || !isSame(given, token)) return undefined;
      isUsed = true;
      return `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`;
    },
    admits(cookieHeader) {
      const cookies = (cookieHeader ?? '').split(';').map((cookie) => cookie.trim());
      return cookies.some((cookie) => {
        const at = cookie.indexOf('=');
        return cookie.slice(0, at) === cookieName && isSame(cookie.slice(at + 1), session);
      });
    },
  };
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
