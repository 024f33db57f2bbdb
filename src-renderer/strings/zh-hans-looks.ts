// Chinese (simplified) strings of looks: their cards, comparing them, and writing one as a file for another program.

import type { enExport, enLooks } from './en-looks.ts';

export const zhHansLooks: typeof enLooks = {
  title: '形象',
  emptyTitle: '还没有形象',
  emptyText: '形象是工作室学到的一张脸。请先用照片学习。',
  rank: (rank) => `秩 ${rank}`,
  vectors: (count) => `${count} 个向量`,
  withWord: '含专属词',
  facts: (steps, photos) => `${steps} 步，${photos} 张照片`,
  use: '使用',
  export: '导出…',
  continue: '继续学习',
  continueHelp: '以此为起点再学一个形象',
  compare: '比较',
  remove: '删除',
  removed: (name) => `已删除“${name}”`,
  likenessAt: (step) => `相似度，第 ${step} 步最好`,
  likenessInPortraits: '相似度，写真的平均值',
  noLikeness: '画出第一批写真后会测量相似度。',
  noCover: '还没有写真',
  curve: (first, last) => `相似度从 ${first} 到 ${last}`,
  count: (count) => `${count} 个形象`,
  compareTitle: '比较形象',
  compareText: '不同之处以粗体标出。',
  table: {
    method: '方式', model: '模型', likeness: '相似度', step: '最好的一步', photos: '照片', size: '大小', made: '完成于',
  },
  unset: '不适用',
};

export const zhHansExport: typeof enExport = {
  title: (name) => `导出“${name}”`,
  format: '用于哪个软件',
  formats: {
    kohya: 'LoRA 文件', diffusers: 'diffusers 库', a1111: 'A1111 或 Forge', comfyui: 'ComfyUI 节点',
    checkpoint: '完整模型', embedding: '仅专属词',
  },
  formatTexts: {
    kohya: '最常用，几乎所有软件都能读取。',
    diffusers: '用于 diffusers 库的 Python 脚本。',
    a1111: 'Stable Diffusion web UI 及同类软件。',
    comfyui: '供其加载节点使用。',
    checkpoint: '一个文件即可，无需其他模型。',
    embedding: 'embedding 文件，只有几 kB。',
  },
  precision: '精度',
  precisions: { float16: '16 位', bfloat16: 'bfloat16 格式', float32: '32 位' },
  precisionTexts: {
    float16: '大小减半，看不出差别。',
    bfloat16: '大小减半，适合较新的显卡。',
    float32: '与学习时一致，大小加倍。',
  },
  write: '写出文件',
  preparing: '正在写文件…',
  file: '文件名',
  size: '大小',
  metadata: '文件自带的信息',
  leftOut: '不含照片、说明、文件名、文件夹和日期。',
  noMetadata: '除权重外没有其他信息。',
  save: '保存文件',
  where: '放在哪里',
  folders: {
    comfyui: { lora: 'models/loras', model: 'models/checkpoints', word: 'models/embeddings' },
    a1111: { lora: 'models/Lora', model: 'models/Stable-diffusion', word: 'embeddings' },
  },
  folderIn: (program, folder) => `${program}：${folder}`,
  anyFolder: '脚本能读取的任意文件夹',
  notWritten: '写出文件后显示。',
  about: (size) => `约 ${size}`,
  use: (word) => `在提示词中写“${word}”即可调用。`,
};
