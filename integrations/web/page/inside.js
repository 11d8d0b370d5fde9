// Whether the page is opened inside WeChat.

export const insideWechat = () => /MicroMessenger/i.test(navigator.userAgent);
