import assert from 'node:assert/strict';
import type { OutgoingMessage, Request } from '../../src/domain.ts';
import { requestMessage, type RequestAddress } from '../../src/request/request-message.ts';

const address: RequestAddress = {
  topic: 'device/image/request',
  qos: 1,
  responseTopic: 'device/image/response',
  maxAgeSeconds: 0,
};
const request: Request = {
  requestId: 'cf1a3d7e-0000-4000-8000-000000000001',
  payload: Buffer.from('{}'),
  contentType: 'application/json',
  capturedAt: '2031-05-06T07:08:09.010Z',
};
const propertiesOf = (changed: Partial<RequestAddress>): OutgoingMessage['properties'] =>
  requestMessage({ ...address, ...changed }, request).properties;

describe('requestMessage()', () => {
  it('is the payload on the request topic, never retained', () => {
    const { properties, ...message } = requestMessage(address, request);
    assert.deepEqual(message, {
      topic: 'device/image/request',
      qos: 1,
      retain: false,
      payload: request.payload,
    });
    assert.deepEqual(properties, {
      contentType: 'application/json',
      correlationData: Buffer.from(request.requestId),
      responseTopic: 'device/image/response',
    });
  });

  for (const qos of [0, 1, 2] as const) {
    it(`goes with QoS ${qos} as configured`, () => {
      assert.equal(requestMessage({ ...address, qos }, request).qos, qos);
    });
  }

  for (const responseTopic of ['device/+/image/response', 'device/#', '+']) {
    it(`asks for no answer on ${responseTopic}, which nobody can publish on`, () => {
      assert.equal(Object.hasOwn(propertiesOf({ responseTopic }) ?? {}, 'responseTopic'), false);
    });
  }

  it('expires only where entries do', () => {
    assert.equal(propertiesOf({ maxAgeSeconds: 3600 })?.messageExpirySeconds, 3600);
    assert.equal(Object.hasOwn(propertiesOf({ maxAgeSeconds: 0 }) ?? {}, 'messageExpirySeconds'), false);
  });

  it('carries user properties only where the request has some', () => {
    const userProperties = { width: '640' };
    assert.deepEqual(
      requestMessage(address, { ...request, userProperties }).properties?.userProperties,
      userProperties,
    );
    assert.equal(Object.hasOwn(propertiesOf({}) ?? {}, 'userProperties'), false);
  });
});
