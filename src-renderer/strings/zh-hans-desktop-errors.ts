// What happened, what is safe and what to do, in Chinese, for the errors of the desktop app.

import type { UserErrorText } from '../../src-main/contract/errors.ts';

const unchanged = '没有任何改动。';

export const zhHansDesktopErrors: Record<string, () => UserErrorText> = {
  'desktop.only': () => ({
    what: '浏览器里做不到，桌面应用可以。', safe: unchanged, todo: '请用桌面应用打开 Likeness，或使用命令行。',
  }),
  'desktop.no-path': () => ({
    what: '拖入的内容不在磁盘上。', safe: unchanged, todo: '请先存成文件，再把文件拖进来。',
  }),
  'desktop.drop-misunderstood': () => ({
    what: '无法读取拖入的内容。', safe: unchanged, todo: '请拖入照片文件或照片文件夹。',
  }),
  'desktop.ticket-gone': () => ({
    what: '这个文件夹是很久以前选的。', safe: unchanged, todo: '请重新选择文件夹。',
  }),
  'desktop.export-gone': () => ({
    what: '要保存的内容已经不在手边。', safe: '您的写真和形象都没有改动。', todo: '请重新保存一次。',
  }),
  'desktop.folder-refused': () => ({
    what: '这个文件夹无法写入。', safe: unchanged, todo: '请选择其他文件夹。',
  }),
  'desktop.no-link': () => ({
    what: '这份 Likeness 没有写明该页面的地址。', safe: unchanged, todo: '请到您获取 Likeness 的地方查看。',
  }),
  'desktop.moving': () => ({
    what: '图库正在打开或移动。', safe: '图库里的内容都是安全的。', todo: '请稍后重试。',
  }),
  'app.sender-refused': () => ({
    what: '有一条消息不是来自工作室自己的页面。', safe: unchanged, todo: '请重新启动 Likeness；若再次出现，请报告给我们。',
  }),
};
