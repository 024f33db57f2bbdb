// What the studio says in English about folders, files, providers and jobs, in Chinese.

import type { Saying } from './said.ts';
import { zhHansSaidOfCuda } from './zh-hans-said-cuda.ts';
import { zhHansSaidOfFiles, zhHansSaidOfFolders } from './zh-hans-said-models.ts';
import { zhHansSaidOfWork } from './zh-hans-said-work.ts';

const providers: Readonly<Record<string, string>> = { 'The processor': '处理器' };
const named = (name: string): string => providers[name] ?? name;

/** Why a provider was passed over: half a sentence. */
const reasons: readonly Saying[] = [
  [/^(.+) cannot be used here: (.+)$/, (name, reason) => `${named(name!)}在这里不能使用（${trialReason(reason!)}）`],
  [/^(.+) computed a wrong result on this machine$/, (name) => `${name}在这台电脑上的计算结果不正确`],
  [/^(.+) is slower on this machine \((.+) against (.+)\)$/,
    (name, own, other) => `${name}在这台电脑上更慢（${own}，处理器为 ${other}）`],
  [/^this system has no (.+)$/, (name) => `这个系统没有 ${name}`],
  [/^the GPU failed in the middle of it: (.+)$/, (reason) => `显卡在计算中途出错（${trialReason(reason!)}）`],
];
const trials: readonly Saying[] = [
  [/^its libraries are not there$/, () => '缺少它需要的库'],
  [/^its driver ended the process \((.+)\)$/, (how) => `驱动中断了进程：${how}`],
];

function first(sayings: readonly Saying[], text: string): string {
  for (const [pattern, say] of sayings) {
    const found = pattern.exec(text);
    if (found) return say(...found.slice(1));
  }
  return text;
}

function trialReason(text: string): string {
  return first(trials, text);
}

function becauseOf(text: string): string {
  const whole = text.replace(/\.$/, '');
  const isList = / cannot be used here: .+, and .+/.test(whole) || / on this machine.*, and .+/.test(whole);
  return (isList ? whole.split(', and ') : [whole]).map((reason) => first(reasons, reason)).join('；');
}

const ofProviders: readonly Saying[] = [
  [/^The processor does the work, because (.+)$/, (reason) => `由处理器计算，因为${becauseOf(reason!)}。`],
  [/^(WebGPU|CUDA|DirectML) does the work, because (.+)$/, (name, reason) => `由 ${name} 计算，因为${becauseOf(reason!)}。`],
  [/^(.+) computes in float32, because its float16 is not right or not there\.$/,
    (name) => `${name} 使用 32 位计算，因为它的 16 位不正确或不可用。`],
  [/^The work goes on in 32-bit numbers, because 16 bits cannot hold those of this model\.$/,
    () => '改用 32 位数值继续，因为 16 位容不下这个模型的数值。'],
  [/^(\d+) processor cores? does the work\.$/, (count) => `由处理器的 ${count} 个核心计算。`],
  [/^GPU \((.+)\) does the work\.$/, (name) => `由显卡计算（${name}）。`],
  [/^(.+) does the work\.$/, (name) => `由 ${name} 计算。`],
  [/^its libraries are not there$/, () => '缺少它需要的库'],
  [/^its driver ended the process \((.+)\)$/, (how) => `驱动中断了进程：${how}`],
  [/^Only needed for NVIDIA cards: install NVIDIA’s driver, then get CUDA’s libraries \(likeness machine cuda --get\)\.$/,
    () => '只有 NVIDIA 显卡需要：请安装 NVIDIA 驱动，然后在设置的这台电脑中获取 CUDA 所需的库。'],
  [/^Install the newest driver of the graphics card from its maker, and Windows’ updates\.$/,
    () => '请安装显卡厂商的最新驱动，以及 Windows 更新。'],
  [/^Install the Vulkan loader \((.+): libvulkan1\) and the graphics card’s driver\.$/,
    () => '请安装 Vulkan 加载器（Debian 和 Ubuntu 上为 libvulkan1）和显卡驱动。'],
  [/^Install the newest driver of the graphics card from its maker\.$/, () => '请安装显卡厂商的最新驱动。'],
];

export const zhHansSaid: readonly Saying[] = [
  ...ofProviders, ...zhHansSaidOfCuda, ...zhHansSaidOfFolders, ...zhHansSaidOfFiles,
  ...zhHansSaidOfWork,
];
