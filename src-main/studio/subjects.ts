// Commands over subjects: whose portraits these are, and whether they agreed.

import type { SubjectId } from '../contract/ids.ts';
import { newId } from '../library/library.ts';
import type { SubjectChange } from '../library/subjects.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { Handlers, StudioContext } from './context.ts';
import { eraseSubject } from './erase-subject.ts';
import { present } from './missing.ts';
import { announceSubject, subjectView } from './subject-view.ts';

/** A rare word to CLIP that no name or thing has taken; the same for all, since a look is of one subject. */
const triggerWord = 'ohwx';

export function subjectCommands(context: StudioContext): Handlers<
  'subjects.list' | 'subjects.create' | 'subjects.change' | 'subjects.remove'> {
  const { library } = context;
  return {
    'subjects.list': () => library.subjects.list().map((subject) => subjectView(context, subject)),
    'subjects.create': ({ name, hasConsent, consentNote, classWord }) => {
      const id = newId<SubjectId>();
      const createdAtMs = Date.now();
      library.subjects.insert({
        id, name, triggerWord, classWord, hasConsent, consentNote, createdAtMs,
        consentAtMs: hasConsent ? createdAtMs : null,
      });
      return announceSubject(context, id);
    },
    'subjects.change': ({ subjectId, ...change }) => {
      const { hasConsent } = present(library.subjects.get(subjectId), 'subject');
      library.subjects.change(subjectId, { ...withoutGaps(change), ...consentDate(hasConsent, change.hasConsent) });
      return announceSubject(context, subjectId);
    },
    'subjects.remove': ({ subjectId, keepPortraits }) => eraseSubject(context, subjectId, keepPortraits),
  };
}

/** Consent is dated when it is given; saying it again does not make it younger. */
function consentDate(before: boolean, after: boolean | undefined): Pick<SubjectChange, 'consentAtMs'> {
  if (after === undefined || after === before) return {};
  return { consentAtMs: after ? Date.now() : null };
}

function withoutGaps(change: Omit<ParsedRequest<'subjects.change'>, 'subjectId'>): SubjectChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
