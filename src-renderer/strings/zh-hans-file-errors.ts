// What happened, what is safe and what to do, in Chinese, for files that cannot be used (checkpoints, LoRAs,
// embeddings) and for downloads.

import type { UserErrorParameters, UserErrorText } from '../../src-main/contract/errors.ts';

type ErrorWords = (parameters: UserErrorParameters) => UserErrorText;

const unchanged = '没有任何改动。';
const onlyRead = '只读取了该文件，没有任何改动。';
const notRun = '其中的内容没有被运行，也没有任何改动。';
const getAgain = '请从来源处重新获取该文件。';
const chooseSafetensors = '请选择同一模型的 safetensors 版本。';
const kept = '已下载的部分保留着，之后会从那里继续。';
const dropped = '收到的内容已丢弃，其他没有改动。';

/** A sentence about the file by its name. */
const about = (rest: string, safe: string, todo: string): ErrorWords => (
  ({ file }) => ({ what: `“${file}”${rest}`, safe, todo }));
const atHost = (rest: string, safe: string, todo: string): ErrorWords => (
  ({ host }) => ({ what: `${host} ${rest}`, safe, todo }));
const always = (what: string, safe: string, todo: string): ErrorWords => () => ({ what, safe, todo });

const checkpointErrors: Record<string, ErrorWords> = {
  'checkpoint.file-missing': about('不在那里。', unchanged, '请检查路径，插入所在的磁盘，或重新选择文件。'),
  'checkpoint.file-unreadable': ({ file, reason }) => ({
    what: `“${file}”无法读取（${reason}）。`, safe: unchanged, todo: '请确认您有读取权限，且所在磁盘已插入并完好，然后重试。',
  }),
  'checkpoint.is-adapter': about('是 LoRA，不是基础模型。', onlyRead, '请选择训练它时所用的基础模型。'),
  'checkpoint.wrong-kind': about('不是 Likeness 能用的基础模型。', onlyRead,
    '请选择 Stable Diffusion 1.5、2 或 SDXL 的完整基础模型（单个文件或 diffusers 文件夹）。'),
  'checkpoint.damaged': about('不是完好的 safetensors 文件。', onlyRead, getAgain),
  'checkpoint.truncated': about('不完整：末尾缺失。', onlyRead, '下载或复制中途停止了，请重新获取该文件。'),
  'checkpoint.dtype-unsupported': ({ file, dtype }) => ({
    what: `“${file}”中的数字类型（${dtype}）无法读取。`, safe: onlyRead,
    todo: '请选择同一模型的 float16、bfloat16 或 float32 版本。',
  }),
  'checkpoint.web-page': about('是一个网页而不是模型：网站用页面代替了文件。', onlyRead,
    '请在浏览器中打开该网站，按要求登录或接受许可，然后重新下载。'),
  'checkpoint.lfs-pointer': about('是 Git LFS 指针，只是真实文件的几行说明。', onlyRead,
    '请在其文件夹中运行 git lfs pull，或直接下载该文件。'),
  'checkpoint.pickle': about('是换了名字的 PyTorch 或 zip 文件，不是 safetensors。', onlyRead, chooseSafetensors),
  'checkpoint.foreign-format': about('是其他格式的文件。', onlyRead, chooseSafetensors),
  'checkpoint.torch-damaged': about('不是完好的 PyTorch 文件。', notRun, getAgain),
  'checkpoint.pickle-unsafe': ({ file, name }) => ({
    what: `“${file}”要求使用“${name}”，它不属于模型：在别处打开时可能会运行程序。`, safe: notRun,
    todo: '除非您信任它的来源，否则请不要用其他程序打开；请选择同一模型的 safetensors 版本。',
  }),
  'checkpoint.torch-unsupported': about('无法读取。', notRun, chooseSafetensors),
  'checkpoint.zip-unsupported': about('不是 PyTorch 原来写出的样子。', notRun,
    '请获取原始文件，或同一模型的 safetensors 版本。'),
  'checkpoint.torch-unknown': about('不是 PyTorch 文件。', notRun, '请选择 .ckpt、.pt、.bin 或 .safetensors 模型文件。'),
  'checkpoint.torch-scattered': about('中的数字没有按顺序存放，而且太多，无法在内存中整理。', notRun, chooseSafetensors),
  'checkpoint.incomplete': ({ file, name }) => ({
    what: `“${file}”缺少张量“${name}”。`, safe: onlyRead,
    todo: '请选择包含 UNet、文本编码器和 VAE 的完整模型，或重新获取该文件。',
  }),
  'checkpoint.size-unknown': ({ file, width, network }) => ({
    what: `“${file}”中有 ${width} 通道的层，Stable Diffusion 没有这样的层。`, safe: onlyRead,
    todo: network === 'VAE' ? '请把随它发布的 config.json 放在它旁边，或选择另一个 VAE。'
      : '请使用同一模型的 diffusers 文件夹：其中的 config.json 说明了单个文件里没有的内容。',
  }),
  'checkpoint.parts-disagree': always('其中的各个网络不属于同一个模型。', onlyRead,
    '请选择 UNet、VAE 和文本编码器来自同一模型的文件。'),
  'checkpoint.not-a-folder': ({ folder }) => ({
    what: `文件夹“${folder}”不是 diffusers 模型：其中没有 unet/config.json。`, safe: unchanged,
    todo: '请选择包含 unet、vae、text_encoder 和 model_index.json 的文件夹，或一个 .safetensors 文件。',
  }),
  'checkpoint.config-unsupported': always('模型的设置文件中有无法使用的内容。', onlyRead,
    '请选择 Stable Diffusion 1.5、2 或 SDXL 的模型。'),
  'checkpoint.json-damaged': about('不是有效的 JSON。', onlyRead, getAgain),
  'checkpoint.no-weights': always('文件夹中没有权重文件。', onlyRead, '请重新获取完整的文件夹。'),
  'checkpoint.not-finite': always('结果中有不是数字的内容，无法写成模型文件。', '没有写出任何文件。',
    '请选择较早的快照，或以更小的学习率重新学习。'),
};

const adapterErrors: Record<string, ErrorWords> = {
  'adapter.not-a-lora': about('不是 LoRA。', onlyRead, '请选择适用于所选模型的 LoRA 文件。'),
  'adapter.not-an-embedding': about('不是文本反演嵌入。', onlyRead, '请选择嵌入：为文本编码器带来一个新词的小文件。'),
  'adapter.other-architecture': ({ file, adapter, checkpoint }) => ({
    what: `“${file}”适用于 ${adapter}，而所选的基础模型是 ${checkpoint}。`, safe: onlyRead,
    todo: '请选择适用于此基础模型的文件，或换用它所属的基础模型。',
  }),
  'adapter.does-not-fit': ({ file, layer }) => ({
    what: `“${file}”是在另一个基础模型上学习的（${layer}）。`, safe: onlyRead, todo: '请选择训练这个 LoRA 所用的基础模型。',
  }),
  'adapter.form-unsupported': about('是一种无法使用的附加网络。', onlyRead,
    '请选择普通的 LoRA：含有 lora_down 与 lora_up，或 lora_A 与 lora_B。'),
  'adapter.half-an-embedding': ({ file, other }) => ({
    what: `“${file}”只是 SDXL 嵌入的一半：旁边缺少“${other}”。`, safe: onlyRead,
    todo: '请把两个文件放进同一个文件夹，或选择同时含有 clip_l 与 clip_g 的文件。',
  }),
  'adapter.broken': about('已损坏。', onlyRead, getAgain),
  'file.disk-full': about('无法写完：磁盘已满。', '没有留下写了一半的文件，原来的同名文件没有改动。',
    '请腾出一些空间或换一个磁盘，然后重试。'),
  'file.not-writable': ({ file, reason }) => ({
    what: `“${file}”无法写入（${reason}）。`, safe: unchanged, todo: '请选择一个存在且您可以写入的文件夹。',
  }),
  'text.word-empty': always('这个词不能作触发词：提示词里不会留下任何内容。', unchanged, '请用字母写一个没有含义的词，例如 zqxperson。'),
  'text.word-known': always('模型本来就认识这个词，不能把它当作新词来学。', unchanged, '请换一个没有含义的词，例如 zqxperson。'),
  'text.word-taken': always('两个形象使用了同一个触发词。', unchanged, '请先后分别使用，或给其中一个换一个词。'),
  'text.tokenizer-damaged': ({ folder, file }) => ({
    what: `“${folder}”中的分词文件缺失或已损坏（${file}）。`, safe: unchanged,
    todo: '请重新获取该模型文件夹；若是随软件附带的，请重新安装 Likeness。',
  }),
  'text.other-vocabulary': ({ file, tokens, rows }) => ({
    what: `“${file}”无法读取提示词：它的分词器有 ${tokens} 个词元，文本编码器只有 ${rows} 个。`, safe: unchanged,
    todo: '请把该模型自己的 tokenizer 文件夹（merges.txt 与 vocab.json）放到它的网络旁边，或重新获取该模型。',
  }),
};

const downloadErrors: Record<string, ErrorWords> = {
  'download.no-package': () => ({
    what: '软件包目录中没有能在本机运行的版本。', safe: kept, todo: '请更新 Likeness，或稍后再试。' }),
  'download.strange-answer': () => ({
    what: '服务器的回答无法读懂，可能是登录页或代理页。', safe: kept, todo: '请检查网络或镜像设置，然后再试。' }),
  'download.unreachable': atHost('无法连接。', kept, '请检查网络连接，或在设置中填写镜像地址，然后重试。'),
  'download.interrupted': atHost('一再中断传输。', kept, '请稍后重试，或在设置中填写镜像地址。'),
  'download.refused': ({ host, status }) => ({
    what: `${host} 不向所有人提供这个文件（回应 ${status}）。`, safe: kept,
    todo: '请在浏览器中登录并自行下载，然后在“您自己的模型”中添加；或在设置中填写镜像地址。',
  }),
  'download.not-there': ({ host, status }) => ({
    what: `${host} 上已没有这个文件（回应 ${status}）。`, safe: kept,
    todo: '请查看是否有新版 Likeness，或在设置中填写镜像地址。',
  }),
  'download.busy': atHost('太忙，没有回应。', kept, '请过几分钟再试。'),
  'download.login-page': atHost('发来的是登录网页，而不是文件。', dropped,
    '请在浏览器中打开任意网页完成网络登录，或自行下载文件后在“您自己的模型”中添加。'),
  'download.lfs-pointer': atHost('发来的是 Git LFS 指针，只有文件的名字。', dropped,
    '请在设置中换一个镜像：这个镜像不保存大文件。'),
  'download.other-size': ({ host, found, wanted }) => ({
    what: `${host} 上的文件有 ${found} 字节，而发布的是 ${wanted} 字节。`, safe: dropped,
    todo: '请在设置中换一个镜像，或查看是否有新版 Likeness。',
  }),
  'download.other-content': atHost('发来的内容与发布的不同：SHA-256 不一致。', dropped,
    '请重试；若再次出现，请在设置中换一个镜像。'),
  'download.encoded': atHost('把文件打包后才发来。', kept, '请在设置中换一个镜像。'),
  'download.strayed': ({ host, to }) => ({
    what: `${host} 把下载转到了不受信任的 ${to}。`, safe: kept,
    todo: '请在设置中填写镜像地址，或自行下载文件后在“您自己的模型”中添加。',
  }),
  'download.no-room': ({ needed, free }) => ({
    what: `空间不够：需要 ${needed}，只有 ${free}。`, safe: unchanged, todo: '请腾出一些空间，或换一个存放模型的位置。',
  }),
  'download.disk-full': always('存放模型的磁盘已满。', kept, '请腾出一些空间后继续，或更换存放模型的位置。'),
  'download.place-closed': ({ reason }) => ({
    what: `无法写入存放模型的位置（${reason}）。`, safe: kept,
    todo: '请确认该文件夹属于您、所在磁盘不是只读，然后继续；或更换存放模型的位置。',
  }),
  'download.place-gone': ({ reason }) => ({
    what: `存放模型的位置没有回应（${reason}）。`, safe: '已下载的部分仍在原处，之后会从那里继续。',
    todo: '请重新插入或连接所在的磁盘后继续，或更换存放模型的位置。',
  }),
  'download.archive': about('中没有应有的文件。', dropped, '请重试；若再次出现，请在设置中换一个镜像。'),
  'models.license-not-accepted': ({ model, name }) => ({
    what: `尚未接受 ${model} 的许可（${name}）。`, safe: '没有下载任何内容。', todo: '请先阅读并接受许可。',
  }),
  'models.store-away': ({ place }) => ({
    what: `存放模型的位置（${place}）现在不在。`, safe: '其中的内容没有改动，也没有下载任何内容。',
    todo: '请插入或连接所在的磁盘后重试，或更换存放模型的位置。',
  }),
  'models.not-in-catalogue': ({ id }) => ({
    what: `目录中没有模型“${id}”。`, safe: unchanged, todo: '请从模型页面中选择。',
  }),
};

export const zhHansFileErrors: Record<string, ErrorWords> = {
  ...checkpointErrors, ...adapterErrors, ...downloadErrors,
};
