// Commands over the networks beside the base models, their licences, and the settings that choose among them.

import type { Pack } from '../contract/nouns.ts';
import type { StudioSettings } from '../contract/settings.ts';
import { engineNotReady, unknownLicense } from '../packs/companion-errors.ts';
import type { Handlers, StudioContext } from './context.ts';
import { faceNetworks } from './photo-set.ts';
import { queueUnseenPhotos } from './photos.ts';

export function companionCommands(context: StudioContext): Handlers<
  'settings.set' | 'companions.list' | 'licenses.accept'> {
  const { companions, library, modelCatalogue } = context;
  return {
    'settings.set': (change) => changeSettings(context, change),
    'companions.list': () => companions.list(),
    'licenses.accept': ({ licenseId, isAccepted }) => {
      const isKnown = companions.list().some((one) => one.licenseId === licenseId)
        || modelCatalogue.licenses.some(({ id }) => id === licenseId);
      if (!isKnown) throw unknownLicense(licenseId);
      const others = library.settings.get().acceptedLicenses.filter((id) => id !== licenseId);
      return changeSettings(context, { acceptedLicenses: isAccepted ? [...others, licenseId] : others });
    },
  };
}

/** An engine that cannot be used is refused, and nothing is changed. With other networks the photos are seen anew. */
function changeSettings(context: StudioContext, change: Partial<StudioSettings>): StudioSettings {
  const { companions, library } = context;
  const before = faceNetworks(context).kind;
  const settings = library.transaction(() => {
    const changed = library.settings.set(change);
    const isRefused = change.faceEngine === 'antelopev2' && companions.faceNetworks('antelopev2').kind === 'built-in';
    if (isRefused) throw engineNotReady(companions.engines().find(({ id }) => id === 'antelopev2')!.reason);
    return changed;
  });
  if (faceNetworks(context).kind !== before) queueUnseenPhotos(context);
  return settings;
}

/** The packs with what instant portraits need beside each. */
export function packViews({ packs, companions }: Pick<StudioContext, 'packs' | 'companions'>): Pack[] {
  return packs.list().map((pack) => {
    const { places, missing, isResearchOnly, fastAdapterFile } = companions.instantIdFor(pack);
    const instantly = { isReady: places !== null, missing, isResearchOnly, canBeFast: fastAdapterFile !== null };
    return { ...pack, instantly };
  });
}
