// What the studio says in English about a job that runs otherwise than asked, in Chinese.

import type { Saying } from './said.ts';

/** How an engine ended: half a sentence. */
const ends: readonly Saying[] = [
  [/^killed by (\S+)$/, (signal) => `被系统以 ${signal} 终止`],
  [/^exit code (\S+)$/, (code) => `退出代码 ${code}`],
  [/^it could not be started: (.+)$/, (reason) => `无法启动：${reason}`],
  [/^it did not answer and computed nothing for (\d+) minutes$/, (count) => `${count} 分钟没有响应，也没有计算`],
  [/^no reason given$/, () => '原因不明'],
];

export function endOfEngine(reason: string): string {
  for (const [pattern, say] of ends) {
    const found = pattern.exec(reason);
    if (found) return say(...found.slice(1));
  }
  return reason;
}

export const zhHansSaidOfWork: readonly Saying[] = [
  [/^The engine stopped \((.+)\) and was started again; nothing that was finished is lost\.$/,
    (reason) => `引擎停止了（${endOfEngine(reason!)}），已重新启动；完成的内容都没有丢失。`],
  [/^Intermediate results are computed twice, so that it fits into the memory\.$/,
    () => '为了放进内存，中间结果计算两次。'],
  [/^Networks are loaded one after the other, so that it fits into the memory\.$/,
    () => '为了放进内存，各个网络依次载入。'],
  [/^Attention is computed in smaller slices, so that it fits into the memory\.$/,
    () => '为了放进内存，注意力分小块计算。'],
  [/^The picture is decoded in tiles, so that it fits into the memory\.$/, () => '为了放进内存，图片分块解码。'],
  [/^Of (\d+) photos it learns from (\d+): with these settings it looks at no more\.$/,
    (all, used) => `${all} 张照片中学习 ${used} 张：按这些设置不会看更多。`],
  [/^(\d+) photos? without a face had no part in the portraits\.$/,
    (count) => `${count} 张没有人脸的照片没有用于写真。`],
  [/^(\d+) photos? unlike the others had no part in the portraits' face\.$/,
    (count) => `${count} 张与其他照片不像的照片没有用于写真的人脸。`],
  [/^Fast mode draws with the sampler that its LoRA was made for, LCM\.$/, () => '快速模式使用其 LoRA 对应的采样器 LCM。'],
  [/^Fast mode draws with guidance (\S+), the most that its LoRA was made for\.$/,
    (number) => `快速模式的引导强度为 ${number}，这是其 LoRA 支持的上限。`],
  [/^Fast mode draws without attention guidance, which its LoRA was not made for\.$/,
    () => '快速模式不使用注意力引导，其 LoRA 不是为此而做。'],
  [/^A portrait was removed meanwhile and is left out\.$/, () => '有一张写真在此期间被删除，已略过。'],
];
