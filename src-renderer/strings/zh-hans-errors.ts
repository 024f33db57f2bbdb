// What happened, what is safe and what to do, in Chinese, for the errors that can reach the page, by their code.

import type { UserErrorParameters, UserErrorText } from '../../src-main/contract/errors.ts';
import { zhHansCudaErrors } from './zh-hans-cuda-errors.ts';
import { zhHansDesktopErrors } from './zh-hans-desktop-errors.ts';
import { zhHansLibraryErrors } from './zh-hans-library-errors.ts';
import { zhHansFileErrors } from './zh-hans-file-errors.ts';
import { zhHansMemoryErrors } from './zh-hans-memory-errors.ts';
import { zhHansOwnModelErrors } from './zh-hans-own-models.ts';
import { endOfEngine } from './zh-hans-said-work.ts';

type ErrorWords = (parameters: UserErrorParameters) => UserErrorText;

const untouched = '您的照片没有任何改动。';
const unchanged = '没有任何改动。';
const notDrawn = '没有绘制任何内容。';
const notTaught = '没有学习任何内容，您的照片没有改动。';

/** A fixed text as the function that the table holds. */
function always(what: string, safe: string, todo: string): ErrorWords {
  return () => ({ what, safe, todo });
}

/** The same with the name of the file in front. */
function aboutFile(what: string, safe: string, todo: string): ErrorWords {
  return ({ file }) => ({ what: `${file} ${what}`, safe, todo });
}

const styleFaults: Readonly<Record<string, (detail: string) => string>> = {
  'no-json': () => '它不是有效的 JSON', form: (field) => `“${field || '整个文件'}”一项不合要求`,
  'taken-id': (id) => `已有另一种风格使用 id “${id}”`, 'too-large': () => '文件太大',
  unreadable: (code) => `无法读取（${code}）`,
};

export const zhHansErrors: Record<string, ErrorWords> = {
  'page.studio-unreachable': always(
    '工作室没有响应。', '已保存的内容都是安全的。', '如果工作室已关闭，请重新启动，然后重试。'),
  'page.answer-misunderstood': always(
    '无法读懂工作室的回答。', '页面上的内容没有因此改变。', '请刷新页面；若再次出现，说明页面与工作室版本不一致。'),
  'photos.no-such-face': always(
    '这张照片里已没有这张脸。', unchanged, '请重新查看照片，并选择其中的一张脸。'),
  'studio.request-misunderstood': always(
    '工作室无法读懂页面的请求。', unchanged, '请刷新页面；若再次出现，说明页面与工作室版本不一致。'),
  'likeness.bug': always(
    '软件出了错。', '您的照片和已完成的写真没有任何改动。', '请重试；若再次出现，请把英文界面中的这条消息报告给我们。'),
  'disk.full': always(
    '磁盘已满。', '之前保存的内容都还在，未写完的文件已清除。', '请腾出一些空间，然后重试。'),
  'disk.no-access': ({ reason }) => ({
    what: `所需的文件不允许读取或写入（${reason}）。`, safe: '之前保存的内容都还在，没有任何改动。',
    todo: '请确认文件夹归您所有、磁盘不是只读，并且没有其他程序占用该文件，然后重试。',
  }),
  ...zhHansCudaErrors,
  'disk.failing': ({ reason }) => ({
    what: `磁盘没有正常响应（${reason}）。`, safe: '之前保存的内容还在原处，未写完的文件不算数。',
    todo: '请确认硬盘已接好且没有损坏，先为图库做一份副本，然后重试。',
  }),

  'photos.not-a-picture': aboutFile('不是图片，虽然文件名看起来像。', untouched, '请选择 JPEG、PNG 或 WebP 照片。'),
  'photos.unsupported-kind': ({ file, kind }) => ({
    what: `${file} 是 ${kind} 文件，目前无法读取。`, safe: untouched, todo: '请另存为 JPEG、PNG 或 WebP 后再添加。',
  }),
  'photos.damaged': aboutFile('已损坏或不完整。', untouched, '请从相机或手机重新复制，或换一张照片。'),
  'photos.too-many-pixels': ({ file, width, height }) => ({
    what: `${file} 有 ${width} × ${height} 像素，超出了单张照片的上限。`, safe: `没有打开它。${untouched}`,
    todo: '请保存一份较小的副本再添加。',
  }),
  'photos.too-large': aboutFile('太大，超出了单张照片的上限。', `没有打开它。${untouched}`, '请保存一份较小的副本再添加。'),
  'photos.too-slow': aboutFile('无法在合理的时间内解码。', untouched, '请另存为普通的 JPEG 后再添加。'),
  'photos.cannot-read': aboutFile('无法读取。', untouched, '请确认文件存在并且您有权打开它。'),
  'photos.none-found': always(
    '您选择的内容里没有图片。', unchanged, '请选择同一个人的 JPEG、PNG 或 WebP 照片，或存放这些照片的文件夹。'),
  'photos.too-many': ({ most }) => ({
    what: `您选择的内容里有超过 ${most} 张图片。`, safe: '一张都没有添加。',
    todo: '请只选择存放此人照片的文件夹。',
  }),
  'photos.no-face': always(
    '没有找到可以学习的人脸。', `${untouched}没有学习任何内容。`, '请添加一张人脸清晰、距离较近、光线充足的照片。'),
  'photos.unknown': always('这张照片已不在资料库中。', unchanged, '请回到列表另选一张。'),

  'subjects.unknown': always('这个人物已不在资料库中。', unchanged, '请回到列表另选一个。'),
  'subjects.no-consent': always(
    '还没有确认此人同意。', '没有学习任何内容。', '请先在人物详情中勾选“这是我本人，或已得到同意”。'),
  'looks.unknown': always('这个形象已不在资料库中。', unchanged, '请回到列表另选一个。'),
  'looks.in-use': always('正在用这个形象绘制写真。', '没有删除任何内容。', '请等绘制完成或先停止绘制，再删除。'),
  'looks.other-kind': ({ look }) => ({
    what: `无法从“${look}”开始：它是用另一种方式或在另一个模型上学习的。`, safe: '没有学习任何内容。',
    todo: '请选择该形象的方式和模型，或不以它为起点。',
  }),
  'looks.format': always(
    '这个形象无法写成所选的格式。', '没有写出任何文件。', '请选择列出的其他格式。'),
  'looks.other-model': always(
    '这个形象是在另一个模型上学习的。', notDrawn, '请用学习时的模型绘制，或在这个模型上再学习一次。'),
  'portraits.unknown': always('这张写真已不在资料库中。', unchanged, '请回到列表另选一张。'),
  'portraits.other-start': always(
    '作为起点的图片里没有这位人物的脸，或者还有别人。', notDrawn, '请选择该人物单独的写真，或一张找到了脸的照片。'),
  'portraits.no-prompt': always('没有选择风格，也没有写提示词。', notDrawn, '请选择一种风格或写下提示词。'),
  'portraits.too-many': ({ found }) => ({
    what: `这样会画 ${found} 张，超出了一批的上限。`, safe: notDrawn, todo: '请减少风格或数量。',
  }),
  'portraits.other-face': always(
    '用来提供脸或姿势的照片里没有这位人物的脸。', notDrawn, '请选择找到了脸的照片。'),
  'portraits.same-person': always('同一个人会在写真里出现两次。', notDrawn, '请选择另一个人作为第二人。'),
  'portraits.no-look': always(
    '没有任何内容说明其中一人的长相。', notDrawn, '请为两个人都选择形象，或用照片即时生成。'),
  'portraits.look-gone': always(
    '这张写真所用的形象已经不在了。', '写真本身没有改动。', '请选择形象还在的写真，或用其他形象重新绘制。'),
  'portraits.too-large': ({ widthPx, heightPx, factor, largestEdgePx }) => ({
    what: `把 ${widthPx}×${heightPx} 像素的写真放大 ${factor} 倍会太大。`, safe: '写真本身没有改动。',
    todo: `请选择较小的倍数，长边最多 ${largestEdgePx} 像素。`,
  }),
  'portraits.no-second': always(
    '提示词里有 {subject2}，但没有选择第二个人。', notDrawn, '请选择第二个人，或删去 {subject2}。'),
  'portraits.not-instant': always(
    '这个模型还不能不经学习就画出人脸：缺少一些部分。', notDrawn,
    '请在“模型”页查看并添加缺少的部分，或另选模型，或先学习一个形象。'),
  'packs.unknown': always('没有这个模型。', unchanged, '请在“模型”页查看已安装的模型。'),
  'styles.unknown': always('没有这种风格。', unchanged, '请另选一种风格，或自己写提示词。'),
  'styles.built-in': always('这是自带的风格，不能修改。', unchanged, '请先复制一份，再修改副本。'),
  'portraits.none-chosen': always('没有符合条件的写真。', '没有写出任何文件。', '请放宽条件，或先绘制写真。'),
  'styles.damaged': ({ file, kind, detail }) => ({
    what: `风格文件 ${file} 无法使用：${styleFaults[kind ?? '']?.(String(detail)) ?? '格式不对'}。`,
    safe: '其他风格不受影响，照片和写真都没有改动。', todo: '请修正或删除该文件；若是自带的风格，请重新安装。',
  }),
  'portraits.none-left': always('这些写真都已不在资料库中。', '没有写出任何文件。', '请另选写真再保存。'),

  'companions.unknown': aboutFile(
    '不是基础模型旁边所用的网络。', '只查看了它，没有任何改动。',
    '请选择 antelopev2 或 InstantID 的文件夹、其中的一个文件，或 SDXL 的 LCM-LoRA。'),
  'companions.other-lora': aboutFile(
    '是 LoRA，但不是让模型用很少步数绘制的那种。', '只查看了它，没有任何改动。', '请选择 SDXL 的 LCM-LoRA。'),
  'companions.engine-not-ready': always(
    '还不能使用 antelopev2：缺少文件，或没有接受它的许可。', '继续使用内置的人脸网络。',
    '请添加它的两个文件，阅读并接受它的许可。'),
  'companions.unknown-license': always('没有这个许可。', unchanged, '请在“模型”页查看许可。'),
  'models.file-missing': aboutFile('在原来的位置无法读取。', unchanged, '请把它放回原处，或重新添加它现在的位置。'),
  'models.file-too-large': aboutFile(
    '过大，不可能是这种网络。', '没有读取它，也没有任何改动。', '请选择原作者发布的文件。'),
  'models.wrong-hash': aboutFile(
    '不是原作者发布的文件：它的 SHA-256 不同。', '没有运行它，也没有任何改动。', '请从发布处重新获取这个文件。'),
  'models.unreadable': aboutFile(
    '无法被 ONNX Runtime 读取。', '只读取了它，没有任何改动。', '请从发布处重新获取这个文件。'),
  'models.other-network': aboutFile(
    '是另一种网络，不是所需的那个。', '只读取了它，没有任何改动。', '请选择原作者发布的文件。'),

  'engine.stopped': ({ reason }) => ({
    what: `引擎在工作中途停止了${reason ? `（${endOfEngine(String(reason))}）` : ''}。`,
    safe: '您的照片没有任何改动，之前完成的内容都还在。',
    todo: '请重试。若再次停止，请关闭占用内存较多的程序，或选择较小的设置。',
  }),
  'engine.keeps-stopping': ({ count }) => ({
    what: `引擎连续 ${count} 次在工作中途停止。`, safe: '您的照片没有任何改动，之前完成的内容都还在。',
    todo: '内存可能不够：请关闭其他程序，或选择较小的设置、换一个计算设备，然后重试。',
  }),
  'jobs.interrupted': always(
    '这个任务多次被中断。', '您的照片和已完成的写真都还在。', '请关闭占用内存较多的程序，然后重试。'),
  'jobs.nothing-to-keep': always(
    '这个任务还没有学到可以保留的内容。', '您的照片和已有的形象都没有改动。', '请等到第一个快照完成，或取消任务。'),
  'jobs.unknown': always('这个任务已不存在。', unchanged, '请再查看一次任务队列。'),
  'generation.exceeds-half': () => ({
    what: '该模型的计算中出现了 16 位（float16）存不下的数值。',
    safe: '模型和您的照片没有任何改动，已完成的图片都还在。',
    todo: '请在设置的“数值类型”中选择 32 位（float32）后重试，会占用更多内存和时间。',
  }),
  'training.exceeds-half': ({ trainingStep, snapshotStep }) => ({
    what: `第 ${trainingStep} 步需要 16 位（float16）存不下的数值。`,
    safe: Number(snapshotStep) > 0
      ? `第 ${snapshotStep} 步之前学到的内容都还在，您的照片和模型没有任何改动。`
      : '您的照片和模型没有任何改动，还没有学到任何内容。',
    todo: '请在设置的“数值类型”中选择 32 位（float32）后继续，会占用更多内存和时间。',
  }),
  'training.not-finite': ({ trainingStep, snapshotStep }) => ({
    what: `第 ${trainingStep} 步时损失不再是数字。`,
    safe: Number(snapshotStep) > 0
      ? `第 ${snapshotStep} 步之前学到的内容都还在，您的照片和模型没有任何改动。`
      : '您的照片和模型没有任何改动，还没有学到任何内容。',
    todo: Number(snapshotStep) > 0
      ? '请保留已学到的内容，或调低学习率后重新学习。'
      : '请调低学习率后重新学习。若再次出现，模型文件可能已损坏。',
  }),
  'training.too-many-photos': ({ count, most }) => ({
    what: `${count} 张图片超出了一次学习的内存，当前分辨率下最多 ${most} 张。`, safe: notTaught,
    todo: '请排除一些照片：几十张各不相同的照片，胜过几千张相似的。',
  }),
  'training.rank-too-large': ({ rank, largest }) => ({
    what: `秩 ${rank} 超出了这个模型某一层的大小，那一层最多 ${largest}。`, safe: notTaught,
    todo: `请把秩设为不超过 ${largest}，或不让卷积层参与学习。`,
  }),
  'training.photo-missing': ({ name }) => ({
    what: `照片 ${name} 已不存在。`, safe: '其他照片和这次学习的快照都还在。', todo: '请重新添加这张照片，或排除它，然后继续。',
  }),
  'training.other-settings': ({ step }) => ({
    what: `无法从第 ${step} 步的快照继续：它的层与当前设置不符。`, safe: '您的照片、已有的形象和快照都没有改动。',
    todo: '请重新学习这张脸。',
  }),
  'training.other-look': always(
    '无法从这个形象开始：它的层与当前设置不符。', '没有学习任何内容，这个形象没有改动。', '请使用学习该形象时的设置，或不以它为起点。'),
  'training.nothing-to-keep': always(
    '这次学习还没有可以保留的内容。', '您的照片和已有的形象都没有改动。', '请等到第一个快照完成。'),
  'training.model-damaged': always(
    '模型无法处理照片：它的文件中有无效的数值。', notTaught, '请重新获取模型文件，或换一个模型。'),
  'training.no-images': always(
    '没有可供学习的图片。', '您的照片没有任何改动。', '请添加能看清面部的照片，或恢复一些被排除的照片。'),
  'generation.size': ({ multiplePx }) => ({
    what: `这个模型无法绘制该尺寸：宽和高都应是 ${multiplePx} 的倍数。`, safe: notDrawn, todo: '请选择其他尺寸。',
  }),
  'generation.not-finite': always(
    '绘制时网络的数值失效，这个种子没有得到写真。', '之前完成的写真都还在。', '请调低形象强度或引导强度，或换一个计算设备。'),
  'generation.no-fast-adapter': always(
    '这个模型没有快速绘制所需的 LCM-LoRA。', notDrawn, '请在“模型”页添加适合它的 LCM-LoRA，或关闭快速模式。'),

  'instant-id.no-face': always(
    '所选照片中都没有找到可供写真使用的脸。', notDrawn, '请选择近距离、光线充足、能看清面部的照片。'),
  'instant-id.pose-no-face': always(
    '用来参考姿势的图片里没有找到脸。', notDrawn, '请另选一张图片、手动摆放面部的点，或不限定姿势。'),
  'instant-id.points-outside': always(
    '面部的点在画面之外。', notDrawn, '请把脸移回画面内，或不限定姿势。'),
  'instant-id.points-together': always(
    '面部的点都在同一处，看不出姿势。', notDrawn, '请放大脸或把点分开，或不限定姿势。'),
  'instant-id.other-encoder': ({ found, wanted }) => ({
    what: `面部编码器给出 ${found} 个数，而 InstantID 的适配器读取 ${wanted} 个。`, safe: notDrawn,
    todo: '请选择与这个编码器一同发布的适配器，或重新获取模型。',
  }),
  'instant-id.wrong-file': aboutFile(
    '不是 InstantID 的这个文件。', unchanged, '请选择 InstantID 发布的 ip-adapter.bin 和 ControlNetModel。'),
  'instant-id.other-adapter': aboutFile(
    '是另一种图像适配器，不是 InstantID 的。', unchanged, '请选择随 InstantID 发布的 ip-adapter.bin。'),
  'instant-id.other-network': aboutFile(
    '与这个模型的网络大小不符。', unchanged, '请选择 SDXL 模型和 InstantID 发布的文件。'),
  'instant-id.needs-sdxl': aboutFile(
    '不是 SDXL 模型，InstantID 只能配合 SDXL 绘制。', unchanged, '请选择 SDXL 模型，或用几张照片让这个模型学习。'),
  'instant-id.other-drive': aboutFile(
    '与模型不在同一个驱动器上，又是 bfloat16，无法从那里读取。', unchanged,
    '请把其中一个复制到另一个所在的驱动器，或选择它的 float16 版本。'),
  ...zhHansDesktopErrors,
  ...zhHansLibraryErrors,
  ...zhHansOwnModelErrors,
  ...zhHansFileErrors,
  ...zhHansMemoryErrors,
};
