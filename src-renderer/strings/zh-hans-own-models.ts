// What happened, what is safe and what to do, in Chinese, for errors of the user's own models: places that are not
// there, checkpoints whose file is gone, LoRAs, embeddings and VAEs that do not fit.

import type { UserErrorParameters, UserErrorText } from '../../src-main/contract/errors.ts';

const unchanged = '没有任何改动。';
const kept = '您的形象和写真没有改动。';
const onlyRead = '只读取了该文件，没有任何改动。';
const notDrawn = '没有绘制任何内容。';

const families: Readonly<Record<string, string>> = {
  'Stable Diffusion 1.5': 'Stable Diffusion 1.5', 'Stable Diffusion 2': 'Stable Diffusion 2', SDXL: 'SDXL',
};

export const zhHansOwnModelErrors: Record<string, (parameters: UserErrorParameters) => UserErrorText> = {
  'models.place-missing': ({ file, reason }) => (reason === 'ENOENT'
    ? { what: `找不到“${file}”。`, safe: unchanged, todo: '请检查路径；若在外接磁盘上，请先接好磁盘。' }
    : { what: `无法读取“${file}”（${reason}）。`, safe: unchanged, todo: '请确认您有读取权限，然后重新添加。' }),
  'models.not-usable': ({ file }) => ({
    what: `“${file}”不是可用的模型文件。`, safe: '只读取了该文件，没有记住它。',
    todo: '请选择适用于 Stable Diffusion 1.5、2 或 SDXL 的大模型、LoRA、嵌入或 VAE。',
  }),
  'models.unknown': () => ({
    what: '它已不在您的模型之中。', safe: unchanged, todo: '请重新查看模型列表。',
  }),
  'packs.gone': ({ name }) => ({
    what: `模型“${name}”不在原来的位置。`, safe: kept, todo: '请接好磁盘或放回文件，然后重试；或选择其他模型。',
  }),
  'packs.changed': ({ name }) => ({
    what: `模型“${name}”的文件在上次查看之后被改动过。`, safe: kept, todo: '请重新查看模型文件夹，然后重试。',
  }),
  'models.not-a-vae': ({ name }) => ({
    what: `“${name}”不是这个模型可用的 VAE。`, safe: unchanged, todo: '请选择适用于同一系列的 VAE。',
  }),
  'models.add-on-gone': ({ name }) => ({
    what: name === '' ? '有一个 LoRA 或嵌入已不在您的模型之中。' : `“${name}”不在原来的位置。`,
    safe: notDrawn, todo: '请接好磁盘或放回文件；也可以不用它来绘制。',
  }),
  'models.not-an-add-on': ({ name }) => ({
    what: `“${name}”不是可用的 LoRA 或嵌入。`, safe: notDrawn, todo: '请选择与基础模型同一系列的 LoRA 或嵌入。',
  }),
  'models.add-on-misfit': ({ name, its, model }) => ({
    what: `“${name}”适用于 ${families[its!] ?? its}，而所选的基础模型是 ${families[model!] ?? model}。`, safe: notDrawn,
    todo: '请不要使用它，或选择与它同一系列的基础模型。',
  }),
  'checkpoint.no-vae': ({ file }) => ({
    what: `“${file}”不带 VAE，无法把画面变成图片。`, safe: onlyRead,
    todo: '请添加含有同系列 VAE 的文件夹或文件，或为它选择一个 VAE。',
  }),
  'checkpoint.not-a-vae': ({ file }) => ({
    what: `“${file}”不是完整的 VAE。`, safe: onlyRead, todo: '请选择同时含有编码器和解码器的 VAE 文件。',
  }),
  'adapter.foreign': ({ file, adapter }) => ({
    what: `“${file}”是 ${adapter} 的 LoRA，无法使用。`, safe: onlyRead,
    todo: '请使用适用于 Stable Diffusion 1.5、2 或 SDXL 的 LoRA。',
  }),
  'desktop.no-license': () => ({
    what: '这份许可证没有可打开的页面。', safe: unchanged, todo: '请到模型的发布页面查看。',
  }),
};
