// daytime (RFC 867): the local date and time as asctime(3) writes them, 24 characters and CRLF.

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const pad = (value: number): string => String(value).padStart(2, '0');

export const daytimeReply = (now: Date): Uint8Array => {
  const date = `${days[now.getDay()]} ${months[now.getMonth()]} ${String(now.getDate()).padStart(2)}`;
  const time = `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}`;
  return Buffer.from(`${date} ${time} ${now.getFullYear()}\r\n`, 'latin1');
};
