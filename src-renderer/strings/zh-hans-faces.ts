// Chinese (simplified) strings of faces: verdicts, what was measured, which face it is, and likeness in words.

import type { ClassWord } from '../../src-main/contract/nouns.ts';
import type { enFaceChooser, enLikeness, enMeasures, enVerdict } from './en-faces.ts';

const them: Record<ClassWord, string> = { woman: '她', man: '他', person: '此人' };

const clearPhoto = '请添加一张脸部清晰、距离较近、光线充足的照片。';
const withoutCover = '请添加没有遮挡的照片，否则遮挡物会被当成脸的一部分。';

export const zhHansVerdict: typeof enVerdict = {
  actions: {
    'choose-face': '选择人脸…', 'use-anyway': '仍然使用', 'leave-out': '不使用', 'keep-this-one': '保留这一张',
  },
  reasons: {
    'no-face': '没有找到人脸',
    'text-page': '像是一页文字',
    'black-picture': '画面全黑',
    'plain-picture': '画面里什么也没有',
    'small-face': '人脸太小',
    blurred: '人脸模糊',
    dark: '脸部太暗',
    bright: '脸部过曝',
    'harsh-light': '光线太硬',
    turned: '脸转得太偏',
    'eyes-covered': '眼睛被遮住',
    'mouth-covered': '嘴被遮住',
    'cut-off': '脸没有拍全',
    'several-faces': '不止一张脸，取最大的一张',
    'face-by-agreement': '不止一张脸，取其他照片里也有的那张',
    'another-person': '像是另一个人',
    'perhaps-another-person': '可能是另一个人',
    'near-duplicate': '与另一张照片几乎相同',
  },
  hints: {
    'Add a photo that shows the face clearly, from near and in light.': clearPhoto,
    'Use a larger copy of this photo, or one taken from nearer.': '请换这张照片的大图，或更近距离拍摄的照片。',
    'Use a photo that is in focus.': '请换一张对焦清楚的照片。',
    'Use a photo with more light on the face.': '请换一张脸部更亮的照片。',
    'Use a photo with less light on the face.': '请换一张脸部不过曝的照片。',
    'Use a photo in softer light.': '请换一张光线柔和的照片。',
    'Add photos from the front too.': '请再添加几张正面的照片。',
    'Add photos without it, or the covering is learned as part of the face.': withoutCover,
    'Use a photo that shows the whole face.': '请换一张拍到整张脸的照片。',
    'Choose the face that is to be learned.': '请选择要学习的那张脸。',
    'Choose another face if this is the wrong one.': '如果选得不对，请另选一张脸。',
    'If it is the same person, use it anyway.': '如果确实是同一个人，可以仍然使用。',
    'Leave it out if it shows somebody else.': '如果是别人，请不使用这张。',
    'Keep this one instead if you like it better.': '如果更喜欢这一张，可以改为保留它。',
  },
  nearlySame: (name) => `与 ${name} 几乎相同`,
  showOther: (name) => `查看 ${name}`,
  kept: (name, other) => `保留 ${name}，不使用 ${other}`,
  coverage: '照片的覆盖范围',
  coverageNames: {
    left: '朝左', front: '正面', right: '朝右', bright: '明亮', dark: '偏暗', close: '近景', 'half-body': '半身',
  },
  coverageTexts: {
    left: '朝向画面左侧', front: '正面', right: '朝向画面右侧', bright: '光线明亮', dark: '光线偏暗', close: '脸部近景',
    'half-body': '带肩部或更多',
  },
  coverageCount: (what, count) => `${what}：${count === 0 ? '还没有' : `${count} 张`}`,
};

export const zhHansMeasures: typeof enMeasures = {
  title: '测量结果',
  face: '脸部',
  facePx: (px) => `宽 ${px} 像素`,
  sharpness: '清晰度',
  sharpnesses: { sharp: '清晰', soft: '略软', blurred: '模糊' },
  light: '光线',
  lights: { dark: '太暗', dim: '偏暗', even: '均匀', bright: '明亮', 'very-bright': '过曝', harsh: '太硬，来自一侧' },
  turned: '朝向',
  turnedTo: { left: { slightly: '略偏左', far: '明显偏左' }, right: { slightly: '略偏右', far: '明显偏右' } },
  straight: '正面',
  looks: '视线',
  looksTo: { up: { slightly: '略向上', far: '明显向上' }, down: { slightly: '略向下', far: '明显向下' } },
  level: '平视',
  tilted: '倾斜',
  tiltedTo: { left: { slightly: '略向左倾', far: '明显向左倾' }, right: { slightly: '略向右倾', far: '明显向右倾' } },
  upright: '端正',
  covered: '遮挡',
  coveredParts: { eyes: '眼睛', mouth: '嘴', edge: '被画面边缘截断' },
  nothingCovered: '无',
  exact: (value, unit) => `${value} ${unit}`.trim(),
};

export const zhHansFaceChooser: typeof enFaceChooser = {
  title: '是哪张脸？',
  text: (name) => `请选择${name}的脸，其他人的脸不会被学习。`,
  face: (number, all) => `第 ${number} 张脸，共 ${all} 张`,
  byAgreement: '参照其他照片',
  byAgreementText: '取其他照片里也出现的那张脸。',
  done: (name) => `已选定 ${name} 中的脸`,
};

export const zhHansLikeness: typeof enLikeness = {
  levels: (level, kind) => ({
    'as-two-photos': `与${them[kind]}的两张照片之间一样像`,
    nearly: `接近${them[kind]}两张照片之间的相似程度`,
    some: `有几分像${them[kind]}`,
    none: '和任何人差不多，看不出相像',
  })[level],
  short: (level) => ({ 'as-two-photos': '如同照片', nearly: '接近', some: '有几分像', none: '不像' })[level],
  range: (name, low, high, median) => `${name}的照片之间相似度为 ${low} 至 ${high}，居中为 ${median}。`,
  oneMoment: (name, low, high) =>
    `${name}的照片之间相似度为 ${low} 至 ${high}，如同同一时刻所拍。再有其他日子的照片，才能更好地说明这个数字的含义。`,
  noRange: (name) => `有两张${name}的照片后，才能说明这个数字的含义。`,
  number: (value) => `相似度 ${value}`,
  measuredBy: '测量者',
  engines: { 'built-in': '内置人脸网络', antelopev2: 'antelopev2' },
  place: (value) => `在本应有脸的位置，相似度为 ${value}；这并不表示那里有脸。`,
};
