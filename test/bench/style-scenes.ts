// The sample pictures' scenes by style: what stands behind the person and in front of them, and what is done to the
// pixels. Clothes, mood and kind of picture follow from the style's own words for the built-in model.

import {
  type Svg, arches, bamboo, blinds, bokeh, burst, clouds, dots, earth, gears, glow, gradient, lanterns,
  leaves, mountains,
  plain, rain, scales, seaside, shelves, skyline, sunsetGrid, track, tree, windowSeat, worn,
} from './style-backdrops.ts';
import {
  type Finish, brush, gels, grade, grain, halftone, inked, monochrome, posterize, soft, tone, vignette, wash,
} from './style-finishes.ts';

export interface StyleScene {
  readonly behind: Svg;
  readonly over?: Svg;
  /** How the person is drawn, where it is not as the prompt says. */
  readonly kind?: 'photo' | 'cartoon' | 'pencil';
  readonly finish?: readonly Finish[];
}

const sepia = tone([44, 28, 16], [246, 226, 190], 1.05);
const silver = tone([14, 14, 16], [240, 238, 232], 1.1);
const paper = [250, 247, 240] as const;
const xuan = [240, 234, 220] as const;
const warm = grade([1.06, 1, 0.9], 1.05);

export const styleScenes: Readonly<Record<string, StyleScene>> = {
  business: { behind: glow('#a9adb3', '#62666d', 90, 80), finish: [vignette(0.25)] },
  executive: { behind: gradient('#f3d3a6', '#d9b48e') + skyline(3, '#8b93a3', '#ffe9bd'), finish: [warm] },
  'creative-office': {
    behind: gradient('#f4f3ee', '#d9ddd4') + leaves(4, 16, [14, 30], ['#5c8f5a', '#7aa873', '#42754a']),
    finish: [grade([1.02, 1.02, 0.98], 1.05)],
  },
  keynote: {
    behind: glow('#2c56c8', '#070c22', 128, 60) + bokeh(6, ['#4f86ff', '#9ec1ff'], 0.25, 20),
    over: worn.headset,
    finish: [grade([1.02, 0.98, 1.08], 1.1), vignette(0.5)],
  },
  'passport-white': { behind: plain('#fdfdfd') },
  'passport-blue': { behind: plain('#4a8fd8') },
  'passport-red': { behind: plain('#d02c2c') },
  resume: { behind: gradient('#f5f6f8', '#cfd6de') },
  'studio-white': { behind: glow('#ffffff', '#e3e3e0') },
  'warm-red': { behind: glow('#c8402f', '#6c1712'), finish: [warm, vignette(0.3)] },
  'low-key': {
    behind: glow('#26262a', '#050506', 200, 90),
    finish: [grade([1.05, 1, 0.94], 1), gels([255, 236, 210], [60, 62, 74]), grade([1.3, 1.3, 1.3]), vignette(0.55)],
  },
  beauty: { behind: glow('#ffdfe4', '#f0a9b8'), finish: [soft(5, 0.45), grade([1.04, 1.01, 1.01], 1.05)] },
  monochrome: { behind: glow('#8c8c8c', '#2c2c2c', 80, 90), finish: [monochrome(1.35), grain(10)] },
  'colour-gels': {
    behind: plain('#15101f'),
    finish: [gels([255, 40, 180], [0, 205, 225]), grade([1.35, 1.3, 1.35], 1.15)],
  },
  'wedding-garden': {
    behind: gradient('#f6ecd2', '#b9d19a') + bokeh(12, ['#ffffff', '#ffe9ee', '#fff6da'], 0.75, 40),
    over: worn.flower,
    finish: [soft(6, 0.4), grade([1.05, 1.02, 0.95], 0.95, 14)],
  },
  'wedding-church': { behind: arches('#ffeec0', '#a38f78'), finish: [soft(6, 0.35), warm] },
  'wedding-chinese': {
    behind: glow('#8c1414', '#4a0808') + lanterns(),
    over: worn.crossedCollar('#b81722', '#f0c060'),
    finish: [warm, vignette(0.35)],
  },
  'wedding-evening': {
    behind: gradient('#28305c', '#6b4a57') + bokeh(15, ['#ffd27a', '#ffe9b8', '#ffb35a'], 0.85, 44),
    finish: [warm, soft(5, 0.3)],
  },
  'film-colour': {
    behind: gradient('#f0dca0', '#c9a35c') + leaves(3, 26, [10, 24], ['#b9a050', '#d9c070', '#9a8a48']),
    finish: [grade([1.08, 1, 0.82], 0.9, 26), grain(26), vignette(0.35)],
  },
  'film-monochrome': { behind: gradient('#c9c9c9', '#6f6f6f'), finish: [monochrome(1.3), grain(52)] },
  'cinematic-night': {
    behind: gradient('#0c1b2e', '#16384a') + bokeh(21, ['#ff8a3c', '#29c3d6', '#ffcf7a'], 0.6, 30),
    over: rain(),
    finish: [
      grade([1.06, 0.98, 1.08], 1.1), gels([30, 150, 180], [255, 150, 70]), grade([1.3, 1.25, 1.3], 1.1), vignette(0.4),
    ],
  },
  'instant-film': {
    behind: plain('#8fa08f'),
    finish: [soft(4, 0.5), grade([1.02, 1.03, 0.98], 0.75, 40), vignette(0.45)],
  },
  'film-noir': {
    behind: glow('#bdbdbd', '#3a3a3a', 60, 60),
    over: blinds(0.42),
    finish: [grade([1.2, 1.2, 1.2]), monochrome(1.6), grain(20), vignette(0.5)],
  },
  'oil-classic': {
    behind: glow('#5a4028', '#1a100a', 90, 90),
    kind: 'photo',
    finish: [grade([1.08, 0.98, 0.82], 1), brush(7), vignette(0.45)],
  },
  impressionist: {
    behind: gradient('#9cc9e8', '#7fb26a')
      + dots(31, 260, [2, 6], ['#f6d65a', '#ffffff', '#b58ad6', '#5f9f55', '#e98aa6']),
    kind: 'photo',
    finish: [brush(11), grade([1.03, 1, 1.04], 1.2)],
  },
  watercolour: {
    behind: plain('#cfe4ef') + bokeh(33, ['#f3c3c9', '#bcd9ee', '#f4e2b4'], 0.6, 18),
    kind: 'photo',
    finish: [wash(paper)],
  },
  'pop-art': {
    behind: plain('#ffd92e') + burst('#ff6fae'),
    finish: [grade([1.2, 1.15, 1.2], 1.5, 30), posterize(3), halftone(30, [40, 30, 120], 0.3)],
  },
  'ink-wash': {
    behind: plain('#f0eadc') + '<g opacity="0.25">' + mountains('#5a5f62', '#3d4245') + '</g>',
    kind: 'photo',
    finish: [tone([40, 40, 44], [246, 240, 226], 1.25), wash(xuan), brush(5), inked(0.95, xuan, 0.35)],
  },
  gongbi: {
    behind: plain('#d9c8a0') + leaves(36, 12, [12, 26], ['#5c8a62', '#7fa877'])
      + dots(37, 9, [10, 18], ['#d8788c', '#e8a4ae']),
    over: worn.crossedCollar('#3f7a63', '#d9b45a'),
    finish: [posterize(9), inked(0.88, [226, 210, 172], 0.35)],
  },
  hanfu: {
    behind: gradient('#e6ece2', '#b7c7ac') + bamboo(),
    over: worn.crossedCollar('#f3f1ea', '#9cc0b4'),
    finish: [soft(5, 0.4), grade([0.98, 1.02, 0.98], 0.85, 12)],
  },
  woodblock: {
    behind: scales(),
    over: worn.crossedCollar('#27477d', '#e4d3ae'),
    finish: [grade([1.12, 1.08, 1], 0.95, 30), posterize(6), inked(0.92, [243, 230, 204], 0.4)],
  },
  anime: {
    behind: gradient('#3f9be8', '#bfe6ff') + clouds,
    finish: [grade([1.05, 1.04, 1.08], 1.3)],
  },
  manga: {
    behind: plain('#f2f2f2') + burst('#cfcfcf'),
    kind: 'cartoon',
    finish: [
      tone([30, 30, 30], [255, 255, 255], 1.15), grade([1.25, 1.25, 1.25], 0, 20),
      halftone(40, [20, 20, 20], 0.55), inked(1, [255, 255, 255], 0.8),
    ],
  },
  cartoon: { behind: plain('#ffd447'), finish: [grade([1.03, 1.03, 1], 1.15)] },
  comic: {
    behind: plain('#c92f2f') + burst('#8f1c24'),
    finish: [grade([1.25, 1.15, 1.05], 1.35, 24), posterize(5), halftone(36, [30, 20, 50], 0.28), inked(1, paper, 0.5)],
  },
  'animation-3d': { behind: glow('#b987ff', '#5a2fa0'), finish: [soft(7, 0.35), grade([1.06, 1.03, 1.05], 1.3)] },
  storybook: {
    behind: gradient('#4a4a86', '#c98a7a') + '<path d="M0 200Q64 176 128 196T256 186V256H0Z" fill="#3d5a48"/>'
      + dots(41, 26, [1.6, 3.6], ['#fff0a0', '#ffd76a']),
    finish: [brush(5), grade([1.05, 1, 0.95], 1.1)],
  },
  pencil: { behind: plain('#f4f2ee') },
  cyberpunk: {
    behind: gradient('#16082e', '#3a0f4f') + skyline(45, '#0d0620', '#ff3fd0'),
    over: rain(),
    finish: [gels([0, 225, 255], [255, 40, 195]), grade([1.4, 1.35, 1.4], 1.15), vignette(0.3)],
  },
  astronaut: {
    behind: plain('#05070d') + dots(46, 90, [0.5, 1.5], ['#ffffff', '#cfe0ff'])
      + earth,
    over: worn.spaceRing,
    finish: [grade([0.98, 1, 1.08], 1)],
  },
  synthwave: { behind: sunsetGrid(), finish: [gels([255, 60, 205], [70, 205, 255]), grade([1.3, 1.3, 1.3], 1.15)] },
  android: { behind: glow('#ffffff', '#cdd5dc'), over: worn.seams, finish: [grade([0.95, 1, 1.06], 0.45, 18)] },
  elf: {
    behind: gradient('#cfe2a0', '#2f5a34') + leaves(49, 60, [9, 24], ['#3f7a3c', '#6a9f4e', '#2b5a2f', '#9cc06a'])
      + bokeh(50, ['#fdf7c0'], 0.45, 16),
    over: worn.circlet,
    finish: [soft(6, 0.35), grade([1, 1.05, 0.92], 1.05)],
  },
  knight: {
    behind: gradient('#9aa4ad', '#5b6168') + '<path d="M20 20H96V190L76 170L58 196L40 172L20 190Z" fill="#7d1f22"/>',
    over: worn.armour + rain(),
    finish: [grade([1.12, 1.14, 1.2], 0.8, 8), vignette(0.25)],
  },
  sorcerer: {
    behind: shelves() + bokeh(52, ['#7ad0ff', '#b59cff'], 0.5, 12),
    over: worn.wizardHat,
    finish: [gels([120, 150, 255], [255, 190, 100]), grade([1.4, 1.35, 1.35], 1.1), vignette(0.3)],
  },
  steampunk: {
    behind: gradient('#6b4a2c', '#2c1c12')
      + gears
      + bokeh(53, ['#f1e6d8'], 0.2, 12),
    over: worn.goggles,
    finish: [grade([1.08, 0.96, 0.76], 0.7), vignette(0.5)],
  },
  spring: {
    behind: gradient('#fdeef2', '#e7c3cf') + bokeh(54, ['#ffd0dc', '#ffffff', '#f7a8bd'], 0.7, 40),
    over: leaves(55, 16, [4, 7], ['#ffc0d0', '#ffe2e9']),
    finish: [soft(5, 0.35), grade([1.03, 1.01, 1.01], 1, 10)],
  },
  summer: {
    behind: gradient('#8fd0f4', '#fff0c8')
      + seaside,
    finish: [warm, soft(7, 0.3)],
  },
  autumn: {
    behind: gradient('#f4d9a0', '#b9743a') + bokeh(57, ['#e88a2c', '#c8431f', '#f3bd4a'], 0.7, 36),
    over: worn.scarf + leaves(58, 9, [6, 11], ['#d9541e', '#f0a030', '#b8331a']),
    finish: [warm],
  },
  winter: {
    behind: gradient('#dfe8f0', '#aebfce')
      + tree().replaceAll('#1d5a38', '#9fb4bd').replaceAll('#23663f', '#b3c4cc').replaceAll(/#ffd76a|#ff8a5a|#fff2c0/g, '#ffffff'),
    over: dots(60, 80, [1, 3.4], ['#ffffff']),
    finish: [grade([0.97, 1, 1.06], 0.9)],
  },
  christmas: {
    behind: gradient('#3a2018', '#6b3a22') + tree() + bokeh(61, ['#ffd27a', '#ff9a4a', '#fff0c8'], 0.5, 22),
    finish: [warm, vignette(0.3)],
  },
  'lunar-new-year': {
    behind: gradient('#f3c06a', '#c8452c') + lanterns() + bokeh(62, ['#ffe9a8'], 0.4, 14),
    finish: [warm],
  },
  renaissance: {
    behind: gradient('#9fb9c4', '#6b7a4e') + '<g opacity="0.7">' + mountains('#6f93a0', '#56704e') + '</g>',
    kind: 'photo',
    finish: [grade([1.14, 1.05, 0.84], 0.95), brush(5), vignette(0.5)],
  },
  victorian: {
    behind: glow('#b9b0a4', '#6f675c'),
    finish: [sepia, soft(4, 0.35), grade([1.1, 1.1, 1.1]), vignette(0.6)],
  },
  sepia: { behind: glow('#c9c1b4', '#857b6d'), finish: [sepia, grain(22), vignette(0.5)] },
  twenties: {
    behind: plain('#55524c') + '<g fill="none" stroke="#a89f8d" stroke-width="3">'
      + [20, 44, 68, 92, 116].map((r) => `<circle cx="128" cy="256" r="${r * 1.9}"/>`).join('') + '</g>',
    finish: [silver, soft(6, 0.5), grade([1.15, 1.14, 1.1]), vignette(0.45)],
  },
  'old-shanghai': {
    behind: gradient('#b9cbb4', '#e3cfa9') + bokeh(67, ['#d98a94', '#8fa890'], 0.35, 14),
    over: worn.flower.replaceAll('#fff4f2', '#d85a6a'),
    finish: [grade([1.06, 1, 0.84], 0.6, 24), soft(4, 0.45), vignette(0.35)],
  },
  fifties: { behind: gradient('#7fd0cf', '#bfe8dd'), finish: [grade([1.1, 1.02, 0.95], 1.4, 12), soft(4, 0.25)] },
  casual: {
    behind: gradient('#cfe6b8', '#78a862') + bokeh(69, ['#e6f4c0', '#9cc47a', '#ffffff'], 0.5, 30),
    finish: [grade([1.02, 1.02, 0.95], 1.05)],
  },
  cafe: {
    behind: gradient('#7a5236', '#4a2f20') + bokeh(70, ['#ffcf8a', '#f4a85a'], 0.5, 18)
      + '<rect x="-10" y="10" width="70" height="180" fill="#e9f1ee" opacity="0.85"/>',
    finish: [warm, vignette(0.25)],
  },
  street: {
    behind: gradient('#d9d3cb', '#8f8b88') + skyline(71, '#a09a95', '#ffd9a0')
      + bokeh(72, ['#ffb36a', '#ff7a5a'], 0.35, 12),
    finish: [soft(5, 0.2), grade([1.04, 1, 0.96], 0.95)],
  },
  mountains: { behind: gradient('#6fb0e4', '#dbeefa') + mountains('#8fa6bd', '#5f7f66'), over: worn.strap },
  reading: {
    behind: gradient('#f4ead2', '#d9c7a4')
      + windowSeat,
    finish: [soft(5, 0.25), grade([1.03, 1, 0.94], 0.85)],
  },
  sport: {
    behind: gradient('#a9dcff', '#e8f6ff')
      + track,
    finish: [grade([1.05, 1.02, 0.96], 1.15)],
  },
};
