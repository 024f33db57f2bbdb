// What the page may do, as data: its one origin, its content security policy, its window's switches, its permissions
// and requests. Nothing here imports electron, so all of it is tested without it. Electron's security checklist is
// the source: electronjs.org/docs/latest/tutorial/security

/** The only scheme and host that the window shows. */
export const pageScheme = 'app';
export const pageHost = 'ui';
export const pageUrl = `${pageScheme}://${pageHost}/index.html`;

/** Standard and secure, so that it has an origin of its own; no way round the page's policy, no service workers. */
export const schemePrivileges = { standard: true, secure: true, supportFetchAPI: true, stream: true } as const;

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
  plugins: false,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  navigateOnDragDrop: false,
  safeDialogs: true,
  spellcheck: false,
} as const;

/** Kept in memory alone: no cookie, cache or compiled script of the page is ever on the disk ('persist:' would be). */
export const sessionPartition = 'likeness';

/**
 * Chromium's own switches. The page needs no name looked up, so none is: whatever of Chromium asks for one (a
 * dictionary, a certificate's list) gets no answer either. What the studio downloads does not go through Chromium.
 */
export const chromiumSwitches: readonly (readonly [name: string, value?: string])[] = [
  ['host-resolver-rules', 'MAP * ~NOTFOUND'],
  ['disable-background-networking'],
  ['disable-component-update'],
  ['disable-domain-reliability'],
  ['no-pings'],
  ['disable-gpu-shader-disk-cache'],
];

const allowedPermissions: readonly string[] = ['clipboard-sanitized-write'];

/** Whether this page may have this permission. Electron grants all of them when nobody answers. */
export function isAllowedPermission(permission: string, address: string): boolean {
  return allowedPermissions.includes(permission) && isOwnPage(address);
}

/** Whether the address is a page of our own. Anything that is no address at all is not. */
export function isOwnPage(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  const isPlain = url.username === '' && url.password === '' && url.port === '';
  return url.protocol === `${pageScheme}:` && url.host === pageHost && isPlain;
}

/** Whether the page may load this: what is our own, and the developer tools' own pages while Likeness is developed. */
export function isAllowedRequest(address: string, hasDeveloperTools: boolean): boolean {
  if (address.startsWith('blob:')) return isOwnPage(address.slice('blob:'.length));
  if (isOwnPage(address)) return true;
  return hasDeveloperTools && URL.canParse(address) && new URL(address).protocol === 'devtools:';
}
