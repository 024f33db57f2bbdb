// The word that is learned where the user names none.

/** The trigger word alone is rare, but a token of CLIP's; with 'face' behind it, it is none. */
export function newWordOf(triggerWord: string): string {
  return `${triggerWord}face`;
}
