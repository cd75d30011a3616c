// Opens the browser of whoever sits at this machine. Says whether there is one to try: over SSH, in a container or a
// service there is none. No shell sees the address, and nothing waits for the browser.

import { spawn } from 'node:child_process';

/** The variables that tell whether somebody could see a window. */
export type BrowserEnvironment = Readonly<
  Partial<Record<'BROWSER' | 'DISPLAY' | 'WAYLAND_DISPLAY', string | undefined>>
>;

/** Whether a browser was started; what becomes of it is not waited for. */
export function openBrowser(
  url: string,
  environment: BrowserEnvironment,
  platform: string = process.platform,
): boolean {
  const command = browserCommand(url, environment, platform);
  if (command === undefined) return false;
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: 'ignore', detached: true, shell: false });
  // The address is logged as well: a browser that does not start costs nothing.
  child.on('error', () => {});
  child.unref();
  return true;
}

/** The program and its arguments; undefined: no browser, or not an address for one. */
export function browserCommand(
  url: string,
  { BROWSER = '', DISPLAY = '', WAYLAND_DISPLAY = '' }: BrowserEnvironment,
  platform: string,
): readonly [string, ...string[]] | undefined {
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol)) return undefined;
  const { href } = new URL(url);
  if (BROWSER !== '') return [BROWSER, href];
  if (platform === 'darwin') return ['open', href];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', href];
  return DISPLAY === '' && WAYLAND_DISPLAY === '' ? undefined : ['xdg-open', href];
}
