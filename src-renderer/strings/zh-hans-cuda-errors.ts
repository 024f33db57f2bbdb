// Messages about CUDA's libraries in Chinese (simplified).

import type { UserErrorParameters, UserErrorText } from '../../src-main/contract/errors.ts';

type ErrorWords = (parameters: UserErrorParameters) => UserErrorText;

const always = (what: string, safe: string, todo: string): ErrorWords => () => ({ what, safe, todo });

const meanwhile = '在此期间由 WebGPU 或处理器完成工作。';
const kept = `已下载的内容都会保留。${meanwhile}`;
const newer = '请查看是否有新版 Likeness，或自行从 NVIDIA 安装 CUDA 与 cuDNN。';

export const zhHansCudaErrors: Record<string, ErrorWords> = {
  'machine.cuda-nothing': always('没有需要获取的内容：所需的库已经可用，或这台电脑不需要。', meanwhile, '无需任何操作。'),
  'machine.cuda-license': ({ name }) => ({
    what: `尚未接受 NVIDIA 库的许可（${name}）。`, safe: '没有下载任何内容。', todo: '请先阅读并接受许可。' }),
  'machine.cuda-driver': ({ found, needed, major }) => ({
    what: `这台电脑的 NVIDIA 驱动为 ${found}，CUDA ${major} 需要 ${needed} 或更新。`, safe: kept,
    todo: '请从发行版或 NVIDIA 安装更新的驱动，重启电脑，然后继续。' }),
  'machine.cuda-unknown': ({ name }) => ({
    what: `ONNX Runtime 的 CUDA 部分需要 ${name}，当前版本不知道从哪里获取。`, safe: meanwhile, todo: newer }),
  'machine.cuda-library': ({ library, packageName }) => ({
    what: `软件包 ${packageName} 中没有所需的 ${library}。`, safe: kept, todo: newer }),
  'machine.cuda-in-use': always('引擎正在使用这些库。', '没有任何改动。', '请暂停队列或等工作完成后再移除。'),
  'machine.cuda-busy': ({ processId }) => ({
    what: `另一个 Likeness（进程 ${processId}）正在获取这些库。`, safe: '没有任何改动。',
    todo: '请等它完成，或在那里暂停。' }),
};
