// The words that captions say things with. '{c} ' stands for a colour and is left out where none is named.

import type {
  Age, BackdropScene, ClothesKind, ClothesPattern, Expression, FacialHair, GlassesKind, HairStyle, HatKind, Identity,
  NeckwearKind, PictureStyle,
} from './attributes.ts';

type Words<Key extends string> = Readonly<Record<Key, readonly string[]>>;

export const styleWords: Words<PictureStyle> = {
  photo: ['photo', 'photograph', 'portrait photo'],
  illustration: ['illustration', 'flat illustration', 'vector illustration'],
  cartoon: ['cartoon', 'drawing', 'cartoon drawing'],
  watercolour: ['watercolour', 'watercolour painting', 'watercolor'],
  'oil painting': ['oil painting', 'painting', 'oil portrait'],
  pencil: ['pencil sketch', 'pencil drawing', 'sketch'],
  'ink wash': ['ink wash', 'ink painting', 'ink drawing'],
  'pixel art': ['pixel art', 'pixel art portrait'],
  sepia: ['sepia photo', 'old photo', 'vintage photo'],
  'pop art': ['pop art', 'pop art portrait', 'comic'],
};

export const subjectWords: Readonly<Record<Identity['classWord'], Words<Age>>> = {
  man: {
    child: ['boy', 'little boy', 'child'], young: ['young man', 'man', 'guy'], adult: ['man', 'man', 'person'],
    'middle-aged': ['middle-aged man', 'man'], old: ['old man', 'elderly man', 'grandfather'],
  },
  woman: {
    child: ['girl', 'little girl', 'child'], young: ['young woman', 'woman', 'young lady'],
    adult: ['woman', 'woman', 'person'], 'middle-aged': ['middle-aged woman', 'woman'],
    old: ['old woman', 'elderly woman', 'grandmother'],
  },
};

export const hairWords: Words<HairStyle> = {
  bald: ['bald', 'a bald head', 'no hair'],
  receding: ['receding {c} hair', 'thin {c} hair', 'a receding hairline'],
  'buzz cut': ['a {c} buzz cut', 'very short {c} hair'], short: ['short {c} hair'],
  'side part': ['{c} hair with a side part', 'neat {c} hair'], quiff: ['a {c} quiff', '{c} hair in a quiff'],
  'slicked back': ['slicked back {c} hair', '{c} hair combed back'],
  undercut: ['a {c} undercut', '{c} hair shaved at the sides'], mohawk: ['a {c} mohawk'],
  curly: ['short curly {c} hair', '{c} curls'], afro: ['a {c} afro', 'a big {c} afro'],
  pixie: ['a {c} pixie cut', 'short {c} hair'], bob: ['a {c} bob', 'chin length {c} hair'],
  'bob with fringe': ['a {c} bob with a fringe', 'a {c} bob with bangs'],
  long: ['long straight {c} hair', 'long {c} hair'], wavy: ['long wavy {c} hair', 'wavy {c} hair'],
  'long curly': ['long curly {c} hair', 'curly {c} hair'],
  'long with fringe': ['long {c} hair with bangs', 'long {c} hair with a fringe'],
  ponytail: ['a {c} ponytail', '{c} hair in a ponytail'], pigtails: ['{c} pigtails', '{c} hair in pigtails'],
  bun: ['a {c} bun', '{c} hair in a bun'], 'top knot': ['a {c} top knot', '{c} hair in a top knot'],
  braids: ['{c} braids', 'braided {c} hair'], dreadlocks: ['{c} dreadlocks'],
};

export const facialHairWords: Words<FacialHair> = {
  none: ['clean-shaven', 'no beard'], stubble: ['stubble'], moustache: ['a moustache', 'a mustache'],
  'handlebar moustache': ['a handlebar moustache', 'a curled moustache'], goatee: ['a goatee'],
  'short beard': ['a short beard'], beard: ['a beard', 'a full beard'], 'long beard': ['a long beard'],
  sideburns: ['sideburns'],
};

export const glassesWords: Words<GlassesKind> = {
  none: ['no glasses', 'without glasses'], glasses: ['glasses', 'spectacles'], 'round glasses': ['round glasses'],
  'square glasses': ['square glasses', 'thick glasses'], 'cat-eye glasses': ['cat-eye glasses'],
  sunglasses: ['sunglasses', 'dark glasses'], 'round sunglasses': ['round sunglasses'],
};

export const hatWords: Words<HatKind> = {
  none: ['no hat', 'without a hat'], cap: ['a {c} cap', 'a {c} baseball cap'],
  beanie: ['a {c} beanie', 'a {c} woolly hat'], hat: ['a {c} hat', 'a {c} fedora'],
  'straw hat': ['a straw hat', 'a sun hat'], beret: ['a {c} beret'], 'cowboy hat': ['a {c} cowboy hat'],
  headband: ['a {c} headband'], crown: ['a crown', 'a golden crown'],
};

export const clothesWords: Words<ClothesKind> = {
  't-shirt': ['a {c} t-shirt', 'a {c} tee'], shirt: ['a {c} shirt'], suit: ['a {c} suit', 'a {c} business suit'],
  sweater: ['a {c} sweater', 'a {c} jumper', 'a {c} pullover'], dress: ['a {c} dress'], hoodie: ['a {c} hoodie'],
  turtleneck: ['a {c} turtleneck'], jacket: ['a {c} jacket'], coat: ['a {c} coat'], 'tank top': ['a {c} tank top'],
  blouse: ['a {c} blouse'], overalls: ['{c} overalls', '{c} dungarees'],
};

export const patternWords: Words<ClothesPattern> = {
  plain: ['plain'], striped: ['striped'], checked: ['checked', 'plaid'], dotted: ['dotted', 'polka dot'],
};

export const neckwearWords: Words<NeckwearKind> = {
  none: [], tie: ['a {c} tie'], 'bow tie': ['a {c} bow tie'], scarf: ['a {c} scarf'], necklace: ['a necklace'],
  pearls: ['pearls', 'a pearl necklace'],
};

export const expressionWords: Words<Expression> = {
  neutral: ['serious', 'calm', 'neutral expression'], smile: ['smiling', 'a smile', 'happy', 'friendly'],
  laugh: ['laughing', 'a big smile', 'very happy'], sad: ['sad', 'frowning', 'unhappy'],
  surprised: ['surprised', 'astonished', 'mouth open'], angry: ['angry', 'furious'], wink: ['winking', 'a wink'],
  'closed eyes': ['eyes closed', 'sleeping'],
};

export const sceneWords: Words<BackdropScene> = {
  wall: ['in front of a brick wall', 'brick wall background'], sky: ['in front of the sky', 'sky with clouds'],
  sea: ['by the sea', 'at the beach', 'beach background'], forest: ['in a forest', 'in the woods', 'forest background'],
  mountains: ['in the mountains', 'mountain background'], city: ['in the city', 'city background'],
  'night city': ['in the city at night', 'city lights at night'], room: ['in a room', 'at home', 'indoors'],
  bookshelf: ['in front of a bookshelf', 'in a library', 'books behind'], sunset: ['at sunset', 'sunset background'],
  snow: ['in the snow', 'in winter', 'snow background'], garden: ['in a garden', 'flowers behind'],
  stars: ['under the stars', 'night sky with a moon'], lights: ['in front of blurred lights', 'evening lights'],
};

export const colourBackgroundWords = [
  '{c} background', '{c} background', '{k} {c} background', 'on a {c} background', 'in front of a {c} wall',
  '{c} backdrop',
] as const;
