// What the page may do, as data: its one origin, its content security policy, its window's switches, its permissions.
// Nothing here imports electron, so all of it is tested without it. Electron's security checklist is the source:
// electronjs.org/docs/latest/tutorial/security

/** The only scheme and host that the window shows. */
export const pageScheme = 'app';
export const pageHost = 'ui';
export const pageUrl = `${pageScheme}://${pageHost}/index.html`;

/**
 * No network at all, no inline script, no string turned into code. Styles may be set from script (Svelte's
 * style: directives do so through the DOM, which this policy lets pass), yet no inline style attribute is parsed.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

/** Sent with every answer; what a picture contains is never guessed, and nothing is kept in a cache. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

/** The window's switches. Each is the safe side, written out so that a changed default cannot open one. */
export const webPreferences = {
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  webviewTag: false,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  navigateOnDragDrop: false,
  safeDialogs: true,
  spellcheck: false,
} as const;

const allowedPermissions: readonly string[] = ['clipboard-sanitized-write'];

/** Whether the page may have this permission. Electron grants all of them when nobody answers. */
export function isAllowedPermission(permission: string): boolean {
  return allowedPermissions.includes(permission);
}

/** Whether the address is a page of our own. Anything that is no address at all is not. */
export function isOwnPage(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  const isPlain = url.username === '' && url.password === '' && url.port === '';
  return url.protocol === `${pageScheme}:` && url.host === pageHost && isPlain;
}
