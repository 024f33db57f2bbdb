// The stand-in's windows and their contents: what they were opened with, what they were sent, what was done to them.

import { EventEmitter } from 'node:events';

export class StandInContents extends EventEmitter {
  readonly sent: unknown[][] = [];
  readonly drags: { file: string; files: string[]; icon: { bytes: Uint8Array } }[] = [];
  openHandler: ((details: { url: string }) => { action: string }) | undefined;
  reloads = 0;
  undone = 0;
  readonly id: number;
  constructor(id: number) {
    super();
    this.id = id;
  }
  isDestroyed = () => false;
  isLoading = () => false;
  getZoomFactor = () => 1;
  reload = () => void this.reloads++;
  undo = () => void this.undone++;
  redo = () => undefined;
  forcefullyCrashRenderer = () => void this.emit('render-process-gone', {}, { reason: 'crashed' });
  startDrag = (item: StandInContents['drags'][number]) => void this.drags.push(item);
  send(...parts: unknown[]): void {
    this.sent.push(parts);
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler;
  }
}

export interface StandInWindow extends EventEmitter {
  readonly options: Record<string, unknown>;
  readonly webContents: StandInContents;
  readonly bars: { fraction: number; mode: string }[];
  readonly titles: string[];
  address: string;
  isFront: boolean;
  isShown: boolean;
  closes: number;
}

/** A class like BrowserWindow, whose windows go into `windows`. */
export function windowClass(windows: StandInWindow[], onContents: (contents: StandInContents) => void) {
  return class BrowserWindow extends EventEmitter implements StandInWindow {
    static getAllWindows = () => windows;
    readonly webContents = new StandInContents(windows.length + 1);
    readonly options: Record<string, unknown>;
    readonly bars: { fraction: number; mode: string }[] = [];
    readonly titles: string[] = [];
    address = '';
    isFront = false;
    isShown = false;
    closes = 0;
    constructor(options: Record<string, unknown>) {
      super();
      this.options = options;
      windows.push(this);
      onContents(this.webContents);
    }
    loadURL = async (address: string) => void (this.address = address);
    isDestroyed = () => false;
    isMinimized = () => false;
    isMaximized = () => false;
    isFullScreen = () => false;
    isVisible = () => this.isShown;
    isFocused = () => this.isFront;
    getNormalBounds = () => ({ x: 10, y: 10, width: 1280, height: 800 });
    maximize = () => undefined;
    setFullScreen = () => undefined;
    setTitle = (title: string) => void this.titles.push(title);
    setProgressBar = (fraction: number, { mode }: { mode: string }) => void this.bars.push({ fraction, mode });
    show = () => void (this.isShown = true);
    focus = () => void (this.isFront = true);
    close = () => void this.closes++;
  };
}
