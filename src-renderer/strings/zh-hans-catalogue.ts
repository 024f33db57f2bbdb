// The models of the catalogue and their licences in Chinese, by id or by the catalogue's own words.

import type { enDownloads } from './en-downloads.ts';

const openRail = '可以使用模型和用它制作的内容，包括商业用途。不得用于伤害或欺骗他人、违法，或其附件 A 列出的其他用途。';

type CatalogueWords = Pick<
  typeof enDownloads, 'names' | 'descriptions' | 'purposes' | 'licenseNames' | 'licenseSummaries'>;

export const zhHansCatalogue: CatalogueWords = {
  names: {
    'sdxl-base': 'Stable Diffusion XL 基础模型 1.0', 'sdxl-vae-fix': '适用于 16 位的 SDXL VAE',
    antelopev2: 'antelopev2 人脸网络', 'lcm-lora-sdxl': 'SDXL 的 LCM-LoRA',
  },
  descriptions: {
    sd15: '最常用的模型，写真为 512 像素：学得快，6 GB 显存的显卡就能运行。',
    'sdxl-base': '写真为 1024 像素，也是 InstantID 所需的模型。适合 12 GB 显存的显卡。',
    'sdxl-vae-fix': 'SDXL 的 VAE，权重适合 16 位数值：在显卡上更快、更省内存。',
    instantid: '不用学习，凭照片就让 SDXL 画出这张脸。',
    antelopev2: 'InsightFace 的人脸检测和识别网络，InstantID 就是用它训练的。测量相似度也比内置网络更准。',
    'lcm-lora-sdxl': '让 SDXL 用四到八步画出写真，而不是三十步。',
  },
  purposes: {
    'photographic portraits on smaller graphics cards': '在较小的显卡上画出照片般的写真',
    'photographic portraits of 1024 pixels': '1024 像素的照片般写真',
    'portraits without teaching (InstantID)': '即时生成（InstantID）',
    'SDXL in float16': '以 16 位运行 SDXL',
    'likeness by antelopev2': '用 antelopev2 测量相似度',
    'fast portraits from SDXL': '用 SDXL 快速绘制',
  },
  licenseNames: {
    mit: 'MIT 许可', 'instantid-weights': 'InstantID 权重许可', 'insightface-models': 'InsightFace 模型许可',
    'nvidia-cuda': 'NVIDIA CUDA 工具包许可协议', 'nvidia-cudnn': 'NVIDIA cuDNN 许可协议',
  },
  licenseSummaries: {
    'creativeml-openrail-m': openRail,
    'openrail-plus-plus': openRail,
    mit: '可用于任何用途，只需在副本中保留其声明。',
    'instantid-weights': '作者提供的权重仅限研究。用它画出的写真不可用于商业用途。',
    'insightface-models': 'InsightFace 的人脸网络仅限非商业研究，无论以何种方式下载。商业许可可向 InsightFace 获取。',
    'nvidia-cuda': '可与 NVIDIA 显卡一起使用这些库，包括商业用途。不得拆解或修改，转发给他人另有条件。',
    'nvidia-cudnn': '可与 NVIDIA 显卡一起使用 cuDNN，包括商业用途。不得拆解或修改，转发给他人另有条件。',
  },
};
