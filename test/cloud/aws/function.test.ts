// The function with the real SDK clients, in a process of its own, against local servers with the services' wire form.
import assert from 'node:assert/strict';
import { Scope } from '../../helpers/scope.ts';
import { jpegOf, quarters } from '../../support/jpeg-samples.ts';
import { awsError, type AwsReply } from './aws-server.ts';
import { json, startFarSide, type FarSideOptions } from './far-side.ts';

const ID = '5b0e0c3e-6c0f-4d0e-9a53-2f0d7c1b8a10';

const jpeg = Buffer.from(await jpegOf(quarters(64, 48)));

describe('the Lambda function', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const request = (fields: Readonly<Record<string, unknown>> = {}) => ({
    image_data: jpeg.toString('base64'),
    request_id: ID,
    device_id: 'pi-1',
    ...fields,
  });
  /** A far side that has been sent one event. */
  const sent = async (event: unknown, options: FarSideOptions = {}, remainingMs = 30_000) => {
    const far = await startFarSide(scope, options);
    return { ...far, outcome: await far.lambda.invoke(event, { remainingMs }) };
  };

  const endpointFailures: readonly {
    readonly says: string;
    readonly model: (n: number) => AwsReply;
    readonly error: RegExp;
    readonly calls: number;
  }[] = [
    {
      says: 'throttling',
      model: () => awsError(400, 'ThrottlingException', { message: 'Rate exceeded' }),
      error: /^endpointBusy: ThrottlingException, HTTP 400: Rate exceeded$/,
      calls: 3,
    },
    {
      says: 'a serverless endpoint that is still starting',
      model: () => awsError(429, 'ModelNotReadyException', { Message: 'Model not ready' }),
      error: /^endpointBusy: ModelNotReadyException, HTTP 429: Model not ready$/,
      calls: 3,
    },
    {
      says: 'an unavailable service',
      model: () => awsError(503, 'ServiceUnavailable', { Message: 'Try again' }),
      error: /^endpointUnavailable: ServiceUnavailable, HTTP 503: Try again$/,
      calls: 3,
    },
    {
      says: 'an internal failure',
      model: () => awsError(500, 'InternalFailure', { Message: 'it broke' }),
      error: /^endpointUnavailable: InternalFailure, HTTP 500: it broke$/,
      calls: 3,
    },
    {
      says: 'a 502 of a proxy, in HTML',
      model: () => ({
        status: 502,
        headers: { 'content-type': 'text/html' },
        body: '<html>Bad Gateway</html>',
      }),
      error: /^endpointUnavailable: /,
      calls: 3,
    },
    {
      says: 'a connection that is cut',
      model: () => 'reset',
      error: /^endpointUnavailable: ECONNRESET/,
      calls: 3,
    },
    {
      says: 'a model that fails, in its own words on one line',
      model: () =>
        awsError(424, 'ModelError', {
          Message: 'Received server error (500) from primary with message "...". See https://logs.example',
          OriginalStatusCode: 500,
          OriginalMessage: 'Traceback:\n  shapes (1,3) and (4,) not aligned',
          LogStreamArn: 'arn:aws:logs:eu-central-1:123456789012:log-group:x',
        }),
      error: /^modelFailed: HTTP 500 from the model: Traceback: shapes \(1,3\) and \(4,\) not aligned$/,
      calls: 1,
    },
    {
      says: 'an endpoint that does not exist',
      model: () =>
        awsError(400, 'ValidationError', { Message: 'Endpoint mobilenet-v2 of account 1 not found.' }),
      error: /^endpointRefused: ValidationError, HTTP 400: Endpoint mobilenet-v2 of account 1 not found\.$/,
      calls: 1,
    },
    {
      says: 'a role without the right',
      model: () => awsError(403, 'AccessDeniedException', { message: 'not authorized' }),
      error: /^endpointRefused: AccessDeniedException, HTTP 403: not authorized$/,
      calls: 1,
    },
    {
      says: 'an answer that is no JSON',
      model: () => ({ status: 200, body: '{"label":' }),
      error: /^answerMalformed: /,
      calls: 1,
    },
    {
      says: 'an answer without a label',
      model: () => json({ ok: true }),
      error: /^answerMalformed: there is no label/,
      calls: 1,
    },
    {
      says: 'an empty answer',
      model: () => ({ status: 200, body: '' }),
      error: /^answerMalformed: it is not JSON/,
      calls: 1,
    },
  ];
  for (const { says, model, error, calls } of endpointFailures) {
    it(`answers ${says} with one error under the request's id, after ${calls} calls, and returns`, async () => {
      const far = await sent(request(), { model: (_, n) => model(n) });
      assert.deepEqual(far.outcome, { kind: 'returned', value: 'failed' });
      const [result, ...more] = far.results() as Record<string, string>[];
      assert.deepEqual(more, []);
      assert.match(result?.['error'] ?? '', error);
      assert.deepEqual(Object.keys(result ?? {}), ['error', 'request_id', 'device_id']);
      assert.deepEqual([result?.['request_id'], result?.['device_id']], [ID, 'pi-1']);
      assert.equal(far.endpoint.requests.length, calls);
      const errors = far.lambda.lines.all.filter(({ level }) => level === 'error');
      assert.deepEqual(
        errors.map(({ event, requestId, deviceId }) => [event, requestId, deviceId]),
        [['request.failed', ID, 'pi-1']],
      );
    });
  }

  it('gives up an endpoint that hangs before Lambda would end it, and says so', async () => {
    const { outcome, results, endpoint } = await sent(request(), { model: () => 'hang' }, 6500);
    assert.deepEqual(outcome, { kind: 'returned', value: 'failed' });
    assert.match(JSON.stringify(results()), /"error":"endpointTimeout: no answer in the time allowed"/);
    assert.equal(endpoint.requests.length, 1);
  });

  it('gets through where the first two attempts are throttled', async () => {
    const busy = awsError(400, 'ThrottlingException', { message: 'Rate exceeded' });
    const { outcome, endpoint } = await sent(request(), {
      model: (_, n) => (n < 3 ? busy : json({ label: 'pug', confidence: 0.5 })),
    });
    assert.deepEqual(outcome, { kind: 'returned', value: 'classified' });
    assert.equal(endpoint.requests.length, 3);
  });

  it('asks the endpoint for the picture as it came, and publishes label, confidence, request and device', async () => {
    const { outcome, endpoint, published, results, lambda } = await sent(request());
    assert.deepEqual(outcome, { kind: 'returned', value: 'classified' });
    const [call] = endpoint.requests;
    assert.ok(call?.body.equals(jpeg) === true);
    assert.deepEqual(
      [call.headers['content-type'], call.headers.accept],
      ['application/x-image', 'application/json'],
    );
    assert.deepEqual(results(), [{ label: 'pug', confidence: 0.9, request_id: ID, device_id: 'pi-1' }]);
    const [{ topic, qos, contentType } = {}] = published;
    assert.deepEqual([topic, qos, contentType], ['device/image/response', '1', 'application/json']);
    const line = await lambda.lines.nth(1);
    assert.deepEqual(
      [line['event'], line['label'], line['bytes']],
      ['request.classified', 'pug', jpeg.length],
    );
    assert.ok(!JSON.stringify(lambda.lines.all).includes(jpeg.toString('base64').slice(0, 40)));
  });

  it('answers the publisher that sends a picture alone, without an id', async () => {
    const { results } = await sent({ image_data: jpeg.toString('base64') });
    assert.deepEqual(results(), [{ label: 'pug', confidence: 0.9 }]);
  });

  it('answers a request that comes again from memory, and asks again for another one', async () => {
    const far = await startFarSide(scope);
    const values = [];
    for (const event of [
      request(),
      request(),
      request({ device_id: 'pi-2' }),
      request({ request_id: 'other' }),
    ]) {
      const outcome = await far.lambda.invoke(event);
      values.push(outcome.kind === 'returned' ? outcome.value : outcome.message);
    }
    assert.deepEqual(values, ['classified', 'repeated', 'classified', 'classified']);
    assert.equal(far.endpoint.requests.length, 3);
    assert.equal(far.published.length, 4);
    assert.deepEqual(far.results()[1], far.results()[0]);
  });

  it('asks the endpoint again for a request that failed before', async () => {
    const far = await startFarSide(scope, {
      model: (_, n) =>
        n === 1 ? awsError(424, 'ModelError', { Message: 'no' }) : json({ label: 'a', confidence: 1 }),
    });
    assert.deepEqual(await far.lambda.invoke(request()), { kind: 'returned', value: 'failed' });
    assert.deepEqual(await far.lambda.invoke(request()), { kind: 'returned', value: 'classified' });
  });

  const refusals: readonly (readonly [
    says: string,
    fields: Readonly<Record<string, unknown>>,
    error: RegExp,
  ])[] = [
    ['no text as image', { image_data: 7 }, /^noImage: /],
    ['an empty image', { image_data: '' }, /^badImage: image_data is not base64/],
    ['a data: prefix', { image_data: 'data:image/jpeg;base64,/9j/' }, /^badImage: image_data is not base64/],
    ['base64 of another alphabet', { image_data: '_9j_' }, /^badImage: image_data is not base64/],
    [
      'a picture that is none',
      { image_data: 'bm8gcGljdHVyZSBh' },
      /^badImage: it is no whole JPEG: it does not start/,
    ],
    [
      'too long an image',
      { image_data: 'A'.repeat(131_056) },
      /^imageTooLong: .* at most 131055 are allowed$/,
    ],
    ['a device that would leave its topic', { device_id: '../+/#' }, /^badDeviceId: /],
  ];
  for (const [says, fields, error] of refusals) {
    it(`answers ${says} with one error, one log line and no call`, async () => {
      const { outcome, results, endpoint, lambda } = await sent(request(fields));
      assert.deepEqual(outcome, { kind: 'returned', value: 'refused' });
      assert.match((results()[0] as { error: string }).error, error);
      assert.equal(endpoint.requests.length, 0);
      assert.deepEqual(
        lambda.lines.all.map(({ level, event }) => [level, event]),
        [['error', 'request.refused']],
      );
    });
  }

  it('refuses a cut picture at every tenth of its length', async () => {
    const far = await startFarSide(scope);
    for (let tenth = 1; tenth < 10; tenth += 1) {
      const cut = jpeg.subarray(0, Math.floor((jpeg.length * tenth) / 10));
      const outcome = await far.lambda.invoke(request({ image_data: cut.toString('base64') }));
      assert.deepEqual(outcome, { kind: 'returned', value: 'refused' });
    }
    assert.equal(far.endpoint.requests.length, 0);
  });

  for (const event of [
    null,
    [],
    'text',
    7,
    { request_id: 7 },
    { hello: 'world' },
    request({ request_id: '\u0007' }),
  ]) {
    it(`tells nobody about ${JSON.stringify(event).slice(0, 40)}, which is no request of anybody, and returns`, async () => {
      const { outcome, published, lambda } = await sent(event);
      assert.deepEqual(outcome, { kind: 'returned', value: 'unanswered' });
      assert.equal(published.length, 0);
      assert.equal(lambda.lines.all[0]?.['event'], 'request.refused');
    });
  }

  describe('with topics of each device', () => {
    const environment = {
      REQUEST_TOPIC: 'device/{deviceId}/image/request',
      RESPONSE_TOPIC: 'device/{deviceId}/image/response',
    };

    it('answers on the topic of the device whose topic it came on', async () => {
      const { published } = await sent(request({ topic: 'device/pi-7/image/request', device_id: 'pi-7' }), {
        environment,
      });
      assert.equal(published[0]?.topic, 'device/pi-7/image/response');
    });

    for (const [claim, detail] of [
      ['pi-1', 'device_id is pi-1, but it came on the topic of pi-7'],
      ['../+/#', 'device_id is no name of a device'],
    ] as const) {
      it(`tells the device of the topic that ${claim} in the payload is not its name, and asks no endpoint`, async () => {
        const event = request({ topic: 'device/pi-7/image/request', device_id: claim });
        const { outcome, published, results, endpoint } = await sent(event, { environment });
        assert.deepEqual(outcome, { kind: 'returned', value: 'refused' });
        assert.deepEqual(
          published.map(({ topic }) => topic),
          ['device/pi-7/image/response'],
        );
        assert.deepEqual(results(), [{ error: `badDeviceId: ${detail}`, request_id: ID, device_id: 'pi-7' }]);
        assert.equal(endpoint.requests.length, 0);
      });
    }

    it('tells nobody where there is no device to tell, and logs it', async () => {
      const { outcome, published, lambda } = await sent(request({ device_id: undefined }), { environment });
      assert.deepEqual(outcome, { kind: 'returned', value: 'unanswered' });
      assert.equal(published.length, 0);
      assert.equal(
        (await lambda.lines.nth(1, ({ level }) => level === 'error'))['event'],
        'result.unpublished',
      );
    });
  });

  it('throws where the result cannot be published, and the second attempt asks the endpoint nothing', async () => {
    const far = await startFarSide(scope, {
      refusal: (n) => (n <= 3 ? awsError(500, 'InternalFailureException', { message: 'broken' }) : undefined),
    });
    const first = await far.lambda.invoke(request());
    assert.equal(first.kind, 'threw');
    assert.equal((await far.lambda.lines.nth(2))['event'], 'result.unpublished');
    assert.deepEqual(await far.lambda.invoke(request()), { kind: 'returned', value: 'repeated' });
    assert.equal(far.endpoint.requests.length, 1);
    assert.deepEqual(far.results(), [{ label: 'pug', confidence: 0.9, request_id: ID, device_id: 'pi-1' }]);
  });

  it('gets a result through a throttled data plane', async () => {
    const { outcome, dataPlane } = await sent(request(), {
      refusal: (n) =>
        n === 1 ? awsError(429, 'ThrottlingException', { message: 'Rate exceeded' }) : undefined,
    });
    assert.deepEqual(outcome, { kind: 'returned', value: 'classified' });
    assert.equal(dataPlane.requests.length, 2);
  });

  it('gives up a data plane that hangs within the time that Lambda leaves', async () => {
    const { outcome } = await sent(request(), { onPublished: () => new Promise(() => undefined) }, 2000);
    assert.equal(outcome.kind, 'threw');
  });

  it('does not start with wrong settings, and names each of them on one line', async () => {
    const { lambda } = await startFarSide(scope, {
      environment: {
        ENDPOINT_NAME: '',
        RESPONSE_TOPIC: 'device/+/x',
        MODEL_OUTPUT: 'guess',
        LABELS_FILE: 'none.txt',
      },
    });
    assert.equal(await lambda.ready, false);
    const [line] = lambda.lines.all;
    assert.equal(line?.['event'], 'function.misconfigured');
    assert.match(
      String(line['detail']),
      /^Cannot start the function: ENDPOINT_NAME is "".*; RESPONSE_TOPIC is "device\/\+\/x".*; MODEL_OUTPUT is "guess", allowed is label, probabilities, logits$/,
    );
  });

  it('does not start without the labels file that it is told of', async () => {
    const { lambda } = await startFarSide(scope, { environment: { LABELS_FILE: 'none.txt' } });
    assert.equal(await lambda.ready, false);
    assert.match(
      String(lambda.lines.all[0]?.['detail']),
      /^Cannot read LABELS_FILE: .*none\.txt.*build:lambda/,
    );
  });
});
