// The desktop's words in Simplified Chinese. Written, not translated; the same shape as the English ones.

import type { DesktopWords } from './words.ts';

export const zhHansDesktop: DesktopWords = {
  menu: {
    file: '文件', edit: '编辑', view: '显示', window: '窗口', help: '帮助',
    newSubject: '新建人物…', importPhotos: '导入照片…', importFolder: '导入照片文件夹…', teach: '学习这张脸', create: '创作写真',
    export: '保存写真…', showLibrary: '打开图库文件夹', settings: '设置…', quit: '退出 Likeness',
    about: '关于 Likeness', hide: '隐藏 Likeness', hideOthers: '隐藏其他', unhide: '全部显示',
    services: '服务',
    undo: '撤销', redo: '重做', cut: '剪切', copy: '复制', paste: '粘贴', selectAll: '全选',
    sidebar: '显示或隐藏边栏', inspector: '显示或隐藏详情', queue: '显示或隐藏队列',
    zoomIn: '放大', zoomOut: '缩小', zoomReset: '实际大小', fullScreen: '全屏',
    reload: '重新载入页面', developer: '开发者工具',
    minimize: '最小化', zoomWindow: '缩放', close: '关闭窗口', front: '前置全部窗口',
    shortcuts: '键盘快捷键', source: '源代码', licenses: '许可证', report: '报告问题',
  },
  dialog: {
    choosePhotos: '选择照片', chooseFolderOfPhotos: '选择照片文件夹', photos: '照片', allFiles: '所有文件',
    import: '导入', chooseLibrary: '选择图库的新位置', chooseExport: '选择保存到哪个文件夹', chooseHere: '选择',
    save: '保存', cancel: '取消', chooseModelFolder: '选择模型文件夹', chooseModelFile: '选择模型文件', models: '模型',
    chooseModelStore: '选择下载内容的位置',
  },
  quit: {
    message: (title) => `${title}，还没有完成。`,
    several: (count) => `还有 ${count} 项工作没有完成。`,
    detail: '到目前为止的成果都已保存，下次打开 Likeness 时会从这里继续。',
    quit: '退出', stay: '继续工作',
  },
  work: {
    import: '正在导入照片', analyze: '正在查看照片', teach: '正在学习一张脸', create: '正在绘制写真', export: '正在保存写真',
  },
  notice: {
    done: {
      import: '照片已导入', analyze: '照片已查看完毕', teach: '新的形象已就绪', create: '写真已完成', export: '写真已保存',
    },
    portraits: (count) => `共绘制 ${count} 张写真。`,
    files: (count) => `共 ${count} 个文件。`,
    tryIt: '现在就可以试试。',
    failed: '工作因出错而停止',
    failedBody: '打开 Likeness，查看哪些内容是安全的、接下来该做什么。',
  },
  trouble: {
    cannotStart: 'Likeness 无法打开图库', tryAgain: '重试', showFolder: '打开文件夹', quit: '退出',
    pageGone: '窗口停止了工作。', reload: '重新打开窗口', wait: '等待', pageHangs: '窗口没有响应。',
    pageSafe: '您的照片、写真和正在进行的工作都是安全的，不会受窗口影响。',
    bug: 'Likeness 出了错，需要退出。',
    bugSafe: '已保存的内容都是安全的，未完成的工作会在下次启动时继续。',
    reasons: {
      'abnormal-exit': '它意外结束了。', killed: '它被系统或其他程序结束了。', crashed: '它崩溃了。',
      oom: '电脑内存不足，请关闭其他程序。', 'launch-failed': '它无法启动，可能被安全软件阻止。',
      'integrity-failure': '它的文件被改动过，请重新安装 Likeness。',
      'memory-eviction': '系统需要它占用的内存，请关闭其他程序。',
    },
  },
  openingErrors: {
    'library.in-use': {
      what: '图库已在另一个 Likeness 中打开。', safe: '没有任何改动。', todo: '请先关闭另一个窗口、命令行或浏览器中的 Likeness，然后重试。',
    },
    'library.newer': {
      what: '这个图库由更新版本的 Likeness 写成。', safe: '没有任何改动。', todo: '请安装最新版本的 Likeness 后再打开。',
    },
    'library.broken': {
      what: '图库的数据库无法读取。', safe: '照片和写真文件都还在，没有删除任何内容。', todo: '请检查磁盘后重试；若仍无法打开，可从备份恢复。',
    },
    'disk.full': {
      what: '磁盘已满。', safe: '之前保存的内容都还在。', todo: '请腾出一些空间，然后重试。',
    },
    'disk.no-access': {
      what: '图库所在的文件夹不允许读取或写入。', safe: '没有任何改动。',
      todo: '请确认文件夹归您所有、磁盘不是只读，并且没有其他程序占用该文件，然后重试。',
    },
    'disk.failing': {
      what: '磁盘没有正常响应。', safe: '之前保存的内容还在原处。', todo: '请确认硬盘已接好且没有损坏，然后重试。',
    },
  },
};
