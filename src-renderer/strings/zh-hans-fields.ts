// Chinese (simplified) names of every setting of teaching, what it does and in which unit it counts, and its choices.

import type { enChoices, enFields } from './en-fields.ts';

export const zhHansFields: typeof enFields = {
  rank: { name: '秩', help: '学习内容的宽度。越大细节越多，文件也越大。', unit: '维' },
  loraAlpha: { name: 'Alpha 值', help: '学习内容按 alpha ÷ 秩 计入强度，随秩一起变化。' },
  targets: { name: '参与学习的层', help: '层越多越像，文件也越大。' },
  convRank: { name: '卷积的秩', help: '卷积部分的宽度。0 表示与秩相同。', unit: '维' },
  convAlpha: { name: '卷积的 Alpha 值', help: '卷积部分的 Alpha 值。0 表示与 Alpha 相同。' },
  learningRate: { name: '学习率', help: '每次更新的幅度。太大会毁坏画面，太小学不到东西。', unit: '每次更新' },
  textEncoderLearningRate: { name: '文本学习率', help: '用于理解提示词的部分。0 表示不改动。', unit: '每次更新' },
  newTokenLearningRate: { name: '新词学习率', help: '新词每次更新的幅度。', unit: '每次更新' },
  learningRateSchedule: { name: '学习率变化', help: '预热之后学习率如何变化。' },
  warmupSteps: { name: '预热', help: '在这些步内学习率逐渐升到设定值。', unit: '次更新' },
  trainingSteps: { name: '步数', help: '对形象的更新次数，由上面的滑块决定。', unit: '次更新' },
  batchSize: { name: '批量', help: '一次同时看的照片数。越多越稳，也越费内存。', unit: '张照片' },
  gradientAccumulationSteps: { name: '梯度累积', help: '每次更新前看几遍。效果如大批量，却不占其内存。', unit: '遍' },
  maxGradientNorm: { name: '梯度上限', help: '超出的梯度会缩短到这个长度。0 表示不限。' },
  optimizer: { name: '优化器', help: '如何由梯度得出更新。' },
  weightDecay: { name: '权重衰减', help: '把学到的内容拉向零。', unit: '每次更新' },
  minSnrGamma: { name: 'Min-SNR 的 γ', help: '噪声小的步骤权重更低。0 为关闭，常用 5。' },
  minTimestep: { name: '最小噪声', help: '不学习低于此值的时间步：那里是纹理，而不是形状和颜色。' },
  noiseOffset: { name: '噪声偏移', help: '让暗部更暗、亮部更亮。0 为关闭，0.05 已不小。' },
  captionDropout: { name: '省略说明', help: '有多大比例不使用说明，以保持引导有效；保留通用人物时，省略的是通用人物的说明。', unit: '比例' },
  captionTagDropout: { name: '只写姓名', help: '有多大比例的照片说明只写是谁、不写其他，与简短的提示词一样。', unit: '比例' },
  resolutionPx: { name: '分辨率', help: '学习所用图片的边长，须为 8 的倍数。', unit: '像素' },
  useBuckets: { name: '整张照片', help: '按相近比例分组使用整张照片，而不是只取脸部方图。' },
  faceMaskWeight: { name: '脸部优先', help: '0：同等看待；1：完全不看背景。', unit: '比例' },
  prior: { name: '保留通用人物能力', help: '用什么方法让其他人保持原样。' },
  priorLossWeight: { name: '通用人物的权重', help: '相对于此人所占的分量。', unit: '倍' },
  priorImageCount: { name: '通用人物图片', help: '只画一次，所有人物共用。', unit: '张' },
  vectorCount: { name: '词的大小', help: '越大能容纳越多面部特征，也更占提示词的位置。', unit: '个向量' },
  newWord: { name: '新词', help: '一个尚不存在的词。' },
  initializerWord: { name: '从哪个词开始', help: '模型认识的、意思相近的词。' },
  clipSkip: { name: '跳过文本层', help: '文本部分末尾不使用的层数（clip skip）。', unit: '层' },
  recompute: { name: '内存', help: '重复计算各模块较慢，但内存占用少得多。' },
  snapshotEverySteps: { name: '快照间隔', help: '可从任一快照继续，并保留其中最好的。', unit: '步' },
  previewCount: { name: '预览数量', help: '每个快照绘制的写真数。要测相似度，至少需要一张。', unit: '张' },
  seed: { name: '种子', help: '种子、照片和设置都相同时，学到的形象也相同。' },
};

export const zhHansChoices: typeof enChoices = {
  targets: {
    attention: '注意力层', transformer: 'Transformer 层', 'transformer-and-convolution': 'Transformer 层和卷积层',
  },
  learningRateSchedule: {
    constant: '保持不变', linear: '直线下降', cosine: '沿余弦下降', 'cosine-with-restarts': '多次余弦',
    polynomial: '沿多项式下降',
  },
  optimizer: { adamw: 'AdamW（常用）', adafactor: 'Adafactor（省内存）' },
  recompute: { none: '速度优先', blocks: '节省内存' },
};
