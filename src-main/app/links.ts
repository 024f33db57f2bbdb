// Where 'source', 'licenses' and 'report' lead: what package.json names, and the file of licences that comes along.
// An address is only ever one of these, and only https.

import type { LinkName } from './desktop-commands.ts';

interface Manifest {
  readonly repository?: string | { readonly url?: string };
  readonly bugs?: string | { readonly url?: string };
}

/** A file to open or an https address; undefined where package.json names none. */
export function linksOf(manifest: Manifest, licensesFile: string): (link: LinkName) => string | undefined {
  const targets: Record<LinkName, string | undefined> = {
    source: addressOf(manifest.repository), report: addressOf(manifest.bugs), licenses: licensesFile,
  };
  return (link) => targets[link];
}

function addressOf(entry: Manifest['bugs']): string | undefined {
  const text = (typeof entry === 'string' ? entry : entry?.url)?.replace(/^git\+/, '').replace(/\.git$/, '');
  return text !== undefined && URL.canParse(text) && new URL(text).protocol === 'https:' ? text : undefined;
}
