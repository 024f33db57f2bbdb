// The session of the window, shut on every side: no permission, no device, no network, no certificate that is not
// Chromium's own to trust, no file saved where the user did not say. Takes Electron's objects and imports none.

import { join } from 'node:path';
import type { App, Session, WebContents } from 'electron';
import { isAllowedPermission, isAllowedRequest, isOwnPage } from './page-policy.ts';

/** What a certificate gets: Chromium's net::ERR_FAILED. No page of ours has one. */
const refusedCertificate = -2;

export interface SessionPolicy {
  readonly hasDeveloperTools: boolean;
  readonly downloadsFolder: () => string;
}

/** Shuts a session. `downloadsFolder` is where the dialog for saving begins. */
export function restrictSession(session: Session, { hasDeveloperTools, downloadsFolder }: SessionPolicy): void {
  session.setPermissionRequestHandler((contents, permission, decide, { requestingUrl }) => {
    decide(isAllowedPermission(permission, requestingUrl) && contents !== null);
  });
  session.setPermissionCheckHandler((_contents, permission, origin) => isAllowedPermission(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler(null);
  // a Mac asks for itself and may not have this
  session.setBluetoothPairingHandler?.((_details, answer) => answer({ confirmed: false }));
  session.setCertificateVerifyProc((_request, answer) => answer(refusedCertificate));
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest(({ url }, answer) => {
    answer({ cancel: !isAllowedRequest(url, hasDeveloperTools) });
  });
  session.on('select-hid-device', (event, _details, answer) => {
    event.preventDefault();
    answer();
  });
  session.on('select-usb-device', (event, _details, answer) => {
    event.preventDefault();
    answer();
  });
  session.on('select-serial-port', (event, _ports, _contents, answer) => {
    event.preventDefault();
    answer('');
  });
  session.on('will-download', (event, item) => {
    // a file is saved where its user says; the dialog begins among their downloads
    if (!isOwnPage(item.getURL())) event.preventDefault();
    else item.setSaveDialogOptions({ defaultPath: join(downloadsFolder(), item.getFilename()) });
  });
}

/** Keeps contents on our own page: no other address, no window, no webview, no Bluetooth device. */
export function shutDoors(contents: WebContents): void {
  const prevent = (event: { preventDefault(): void; readonly url?: string }): void => {
    if (event.url === undefined || !isOwnPage(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', prevent);
  contents.on('will-redirect', prevent);
  contents.on('will-frame-navigate', prevent);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.on('select-bluetooth-device', (event, _devices, answer) => {
    event.preventDefault();
    answer('');
  });
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

/** For every session and window: bad certificates, log-ins and client certificates are refused, nothing is asked. */
export function refuseStrangers(app: App): void {
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, answer) => {
    event.preventDefault();
    answer(false);
  });
  app.on('login', (event) => event.preventDefault());
  app.on('select-client-certificate', (event, _contents, _url, _list, answer) => {
    event.preventDefault();
    answer();
  });
}
