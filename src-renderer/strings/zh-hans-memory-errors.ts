// Chinese (simplified) of what does not fit into the memory.

import type { UserErrorParameters, UserErrorText } from '../../src-main/contract/errors.ts';

export const zhHansMemoryErrors: Readonly<Record<string, (parameters: UserErrorParameters) => UserErrorText>> = {
  'memory.too-small': ({ needed, available }) => ({
    what: `这需要 ${String(needed)} 内存，而这里可用的是 ${String(available)}。`,
    safe: '没有开始任何工作，照片和形象都没有变化。',
    todo: '请减小尺寸或批量，在设置中选择 16 位数字，或选择更小的模型。',
  }),
};
