// The formats of this configuration: identity, topics, addresses, paths and devices. Pure checks, no key names.
import { isSafeName, listOf, text } from './format.ts';
import { brokerAddress } from './broker-url.ts';
import { isTopicFilter, isTopicName, LONGEST_DEVICE_ID, UTF8_BYTES_MAX, withDeviceId } from './topics.ts';

// Patterns for editors know no Unicode classes: control characters, and text without them.
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';
const VISIBLE = `^[^${CONTROLS}]+$`;
const ABSOLUTE_PATH = `^(?!.*/\\.\\.(?:/|$))/[^${CONTROLS}]*$`;
const PROXY_URL = /^(?:http|socks5):\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/;
const WEB_URL = /^https?:\/\/[A-Za-z0-9._~:/?#[\]&=+,%-]+$/;
const HOST_NAME = /^[A-Za-z0-9._:-]{1,253}$/;
// Only names that udev makes; one that starts with `-` or `.` could be read as an option or leave the folder.
const CAPTURE_DEVICE =
  /^(?:auto|TEST|\/dev\/video\d{1,3}|\/dev\/v4l\/by-(?:id|path)\/(?![-.])[A-Za-z0-9._:+,@=-]{1,255})$/;

export const deviceId = text('device id', {
  allowed: '1 to 128 of the characters A-Z a-z 0-9 . _ - (but not "." or "..")',
  pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,128}$',
  test: (value) => /^[A-Za-z0-9._-]{1,128}$/.test(value) && value !== '.' && value !== '..',
});

export const groupNames = listOf(
  text('group name', {
    allowed: '1 to 64 of the characters A-Z a-z 0-9 _ -',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    test: (value) => /^[A-Za-z0-9_-]{1,64}$/.test(value) && isSafeName(value),
  }),
  32,
);

export const topicName = text('topic name', {
  allowed: 'a topic name without + # or NUL, at most 65535 bytes, with no placeholder but {deviceId}',
  pattern: `^[^+#${CONTROLS}]+$`,
  test: isTopicName,
});

export const topicNameOrEmpty = text('topic name or empty', {
  allowed: `${topicName.allowed}, or empty for none`,
  pattern: `^[^+#${CONTROLS}]*$`,
  test: (value) => value === '' || isTopicName(value),
});

export const topicFilter = text('topic filter', {
  allowed: 'a topic filter with + and # only as whole levels, # last, with no placeholder but {deviceId}',
  pattern: VISIBLE,
  test: isTopicFilter,
});

/** AWS IoT Core takes eight topic filters in one SUBSCRIBE; the response and pause filters need two of them. */
export const topicFilters = listOf(topicFilter, 6);

export const clientId = text('client id', {
  allowed: 'printable text of 1 to 65535 bytes, with no placeholder but {deviceId}',
  pattern: VISIBLE,
  test: (value) => {
    const bytes = Buffer.byteLength(withDeviceId(value, LONGEST_DEVICE_ID));
    return /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(value) && onlyDeviceId(value) && bytes <= UTF8_BYTES_MAX;
  },
});

export const brokerUrl = text('broker URL', {
  allowed:
    'mqtt://, mqtts://, ws:// or wss:// with a host and at most a port (and, for ws and wss, a path); ' +
    'name and password go to mqtt.username and mqtt.passwordFile',
  pattern: '^(?:mqtts?|wss?)://',
  test: (value) => brokerAddress(value) !== undefined,
});

export const proxyUrl = text('proxy URL', {
  allowed: 'http://host:port or socks5://host:port',
  pattern: PROXY_URL.source,
  test: (value) => {
    const port = Number(PROXY_URL.exec(value)?.[1]);
    return port >= 1 && port <= 65_535;
  },
});

export const webUrl = text('web address', {
  allowed:
    'http:// or https:// with a host, without name and password, of A-Z a-z 0-9 - . _ ~ : / ? # [ ] & = + , % and ' +
    'everything else percent-encoded',
  pattern: WEB_URL.source,
  test: (value) => {
    // The parser drops line breaks and surrounding blanks without a word: they are refused before it sees them.
    const url = WEB_URL.test(value) && URL.canParse(value) ? new URL(value) : undefined;
    return url?.username === '' && url.password === '';
  },
});

export const hostName = text('host name', {
  allowed: 'a host name or address of 1 to 253 of the characters A-Z a-z 0-9 . : _ -',
  pattern: HOST_NAME.source,
  test: (value) => HOST_NAME.test(value),
});

export const userName = text('user name', {
  allowed: 'printable text of 1 to 65535 bytes',
  pattern: VISIBLE,
  test: (value) => /^[^\p{C}]+$/u.test(value) && Buffer.byteLength(value) <= UTF8_BYTES_MAX,
});

export const absolutePath = text('absolute path', {
  allowed: 'an absolute path of at most 4095 bytes without ".." and control characters',
  pattern: ABSOLUTE_PATH,
  test: (value) =>
    /^\/[^\p{Cc}]*$/u.test(value) && !value.split('/').includes('..') && Buffer.byteLength(value) <= 4095,
});

export const captureDevice = text('capture device', {
  allowed: 'auto, TEST, /dev/videoN, /dev/v4l/by-id/NAME or /dev/v4l/by-path/NAME',
  pattern: CAPTURE_DEVICE.source,
  test: (value) => CAPTURE_DEVICE.test(value),
});

// More than the system asks for: no character of it means anything to a shell, in an error message as well.
export const cameraPath = text('camera path', {
  allowed: `${absolutePath.allowed}, of letters, digits, blanks and . _ / @ + , : = % ~ -`,
  pattern: ABSOLUTE_PATH,
  test: (value) => absolutePath.accepts(value) && /^[\p{L}\p{M}\p{N} ._/@+,:=%~-]+$/u.test(value),
});

export const saltText = text('short text', {
  allowed: 'printable text of at most 64 characters',
  pattern: `^[^${CONTROLS}]*$`,
  test: (value) => /^[^\p{C}]{0,64}$/u.test(value),
});

function onlyDeviceId(value: string): boolean {
  return !/[{}]/.test(withDeviceId(value, ''));
}
