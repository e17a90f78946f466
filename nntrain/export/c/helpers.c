/* The sizes of a window that slides over an image, or over a sequence as an image of one row. */
typedef struct {
    int height, width, channels; /* of the input */
    int out_height, out_width, filters; /* of the output */
    int rows, columns; /* of the window */
    int stride_rows, stride_columns; /* between windows */
    int dilation_rows, dilation_columns; /* between the pixels that a window sees */
    int top, left; /* zero padding */
    int groups; /* of channels and filters */
} sliding_window;

/* y += x @ weight for one row: x (inputs), weight (inputs, units), y (units). */
static void multiply_add(float *restrict y, const float *restrict x, const float *restrict weight, int inputs, int units)
{
    for (; inputs >= 4; inputs -= 4, x += 4, weight += 4 * units) /* four at once: y is loaded and stored less often */
        for (int u = 0; u < units; u++)
            y[u] += x[0] * weight[u] + x[1] * weight[u + units] + x[2] * weight[u + 2 * units] + x[3] * weight[u + 3 * units];
    for (; inputs > 0; inputs--, x++, weight += units)
        for (int u = 0; u < units; u++)
            y[u] += x[0] * weight[u];
}

/* y = bias, or 0 without one. */
static void set_bias(float *restrict y, const float *restrict bias, int units)
{
    for (int u = 0; u < units; u++)
        y[u] = bias ? bias[u] : 0.0f;
}

/* y = x @ weight + bias for each row: x (rows, inputs), weight (inputs, units), y (rows, units). */
static void dense(float *restrict y, const float *restrict x, const float *restrict weight,
                  const float *restrict bias, int rows, int inputs, int units)
{
    for (int r = 0; r < rows; r++) {
        set_bias(y + r * units, bias, units);
        multiply_add(y + r * units, x + r * inputs, weight, inputs, units);
    }
}

/* y[u] = max over p of (x @ weight + bias)[p * units + u]; linear: (pieces * units) of scratch. */
static void maxout(float *restrict y, const float *restrict x, const float *restrict weight,
                   const float *restrict bias, float *restrict linear, int rows, int inputs, int units, int pieces)
{
    for (int r = 0; r < rows; r++) {
        dense(linear, x + r * inputs, weight, bias, 1, inputs, pieces * units);
        for (int u = 0; u < units; u++) {
            float most = linear[u];
            for (int p = 1; p < pieces; p++)
                most = linear[p * units + u] > most ? linear[p * units + u] : most;
            y[r * units + u] = most;
        }
    }
}

/* Convolution; weight (rows, columns, channels / groups, filters), channels last. */
static void conv(float *restrict y, const float *restrict x, const float *restrict weight,
                 const float *restrict bias, const sliding_window *s)
{
    const int channels = s->channels / s->groups, filters = s->filters / s->groups;
    for (int i = 0; i < s->out_height; i++)
        for (int j = 0; j < s->out_width; j++, y += s->filters) {
            set_bias(y, bias, s->filters);
            for (int a = 0; a < s->rows; a++) {
                const int row = i * s->stride_rows + a * s->dilation_rows - s->top;
                if (row < 0 || row >= s->height)
                    continue;
                for (int b = 0; b < s->columns; b++) {
                    const int column = j * s->stride_columns + b * s->dilation_columns - s->left;
                    if (column < 0 || column >= s->width)
                        continue;
                    const float *restrict pixel = x + (row * s->width + column) * s->channels;
                    const float *restrict w = weight + (a * s->columns + b) * channels * s->filters;
                    if (s->groups == 1)
                        multiply_add(y, pixel, w, channels, filters);
                    else
                        for (int g = 0; g < s->groups; g++)
                            for (int c = 0; c < channels; c++)
                                for (int f = 0; f < filters; f++)
                                    y[g * filters + f] += pixel[g * channels + c] * w[c * s->filters + g * filters + f];
                }
            }
        }
}

/* Transposed convolution: each pixel of x adds a scaled kernel to y; weight (rows, columns, channels, filters / groups). */
static void conv_transposed(float *restrict y, const float *restrict x, const float *restrict weight,
                            const float *restrict bias, const sliding_window *s)
{
    const int channels = s->channels / s->groups, filters = s->filters / s->groups;
    for (int p = 0; p < s->out_height * s->out_width; p++)
        set_bias(y + p * s->filters, bias, s->filters);
    for (int i = 0; i < s->height; i++)
        for (int j = 0; j < s->width; j++, x += s->channels)
            for (int a = 0; a < s->rows; a++) {
                const int row = i * s->stride_rows + a * s->dilation_rows - s->top;
                if (row < 0 || row >= s->out_height)
                    continue;
                for (int b = 0; b < s->columns; b++) {
                    const int column = j * s->stride_columns + b * s->dilation_columns - s->left;
                    if (column < 0 || column >= s->out_width)
                        continue;
                    float *restrict pixel = y + (row * s->out_width + column) * s->filters;
                    const float *restrict w = weight + (a * s->columns + b) * s->channels * filters;
                    for (int g = 0; g < s->groups; g++)
                        multiply_add(pixel + g * filters, x + g * channels, w + g * channels * filters, channels, filters);
                }
            }
}

/* Depthwise convolution: filter c * many + k sees channel c alone; weight (rows, columns, filters). */
static void conv_depthwise(float *restrict y, const float *restrict x, const float *restrict weight,
                           const float *restrict bias, const sliding_window *s)
{
    const int many = s->filters / s->channels;
    for (int i = 0; i < s->out_height; i++)
        for (int j = 0; j < s->out_width; j++, y += s->filters) {
            set_bias(y, bias, s->filters);
            for (int a = 0; a < s->rows; a++) {
                const int row = i * s->stride_rows + a * s->dilation_rows - s->top;
                if (row < 0 || row >= s->height)
                    continue;
                for (int b = 0; b < s->columns; b++) {
                    const int column = j * s->stride_columns + b * s->dilation_columns - s->left;
                    if (column < 0 || column >= s->width)
                        continue;
                    const float *restrict pixel = x + (row * s->width + column) * s->channels;
                    const float *restrict w = weight + (a * s->columns + b) * s->filters;
                    if (many == 1)
                        for (int c = 0; c < s->channels; c++)
                            y[c] += pixel[c] * w[c];
                    else
                        for (int c = 0; c < s->channels; c++)
                            for (int k = 0; k < many; k++)
                                y[c * many + k] += pixel[c] * w[c * many + k];
                }
            }
        }
}

/* The maximum of each window, for each channel; padding does not count. */
static void max_pool(float *restrict y, const float *restrict x, const sliding_window *s)
{
    for (int i = 0; i < s->out_height; i++)
        for (int j = 0; j < s->out_width; j++, y += s->channels) {
            for (int c = 0; c < s->channels; c++)
                y[c] = -INFINITY;
            for (int row = i * s->stride_rows - s->top, a = 0; a < s->rows; a++, row++)
                for (int column = j * s->stride_columns - s->left, b = 0; b < s->columns; b++, column++) {
                    if (row < 0 || row >= s->height || column < 0 || column >= s->width)
                        continue;
                    const float *restrict pixel = x + (row * s->width + column) * s->channels;
                    for (int c = 0; c < s->channels; c++)
                        y[c] = pixel[c] > y[c] ? pixel[c] : y[c];
                }
        }
}

/* The mean of each window, for each channel; padding does not count. */
static void avg_pool(float *restrict y, const float *restrict x, const sliding_window *s)
{
    for (int i = 0; i < s->out_height; i++)
        for (int j = 0; j < s->out_width; j++, y += s->channels) {
            int count = 0;
            for (int c = 0; c < s->channels; c++)
                y[c] = 0.0f;
            for (int row = i * s->stride_rows - s->top, a = 0; a < s->rows; a++, row++)
                for (int column = j * s->stride_columns - s->left, b = 0; b < s->columns; b++, column++) {
                    if (row < 0 || row >= s->height || column < 0 || column >= s->width)
                        continue;
                    const float *restrict pixel = x + (row * s->width + column) * s->channels;
                    for (int c = 0; c < s->channels; c++)
                        y[c] += pixel[c];
                    count++;
                }
            for (int c = 0; c < s->channels; c++)
                y[c] /= (float)count;
        }
}

/* The mean over all pixels, for each channel: x (pixels, channels). */
static void global_avg_pool(float *restrict y, const float *restrict x, int pixels, int channels)
{
    for (int c = 0; c < channels; c++)
        y[c] = 0.0f;
    for (int p = 0; p < pixels; p++)
        for (int c = 0; c < channels; c++)
            y[c] += x[p * channels + c];
    for (int c = 0; c < channels; c++)
        y[c] /= (float)pixels;
}

/* The maximum over all pixels, for each channel: x (pixels, channels). */
static void global_max_pool(float *restrict y, const float *restrict x, int pixels, int channels)
{
    for (int c = 0; c < channels; c++)
        y[c] = x[c];
    for (int p = 1; p < pixels; p++)
        for (int c = 0; c < channels; c++)
            y[c] = x[p * channels + c] > y[c] ? x[p * channels + c] : y[c];
}

/* Repeats each pixel `down` times along the rows and `across` times along the columns. */
static void upsample2d(float *restrict y, const float *restrict x, int height, int width, int channels, int down, int across)
{
    for (int i = 0; i < height * down; i++)
        for (int j = 0; j < width * across; j++)
            for (int c = 0; c < channels; c++)
                *y++ = x[(i / down * width + j / across) * channels + c];
}

/* A border of zeros around the image: y (out_height, out_width, channels). */
static void zero_pad2d(float *restrict y, const float *restrict x, int height, int width, int channels,
                       int top, int left, int out_height, int out_width)
{
    for (int i = 0; i < out_height; i++)
        for (int j = 0; j < out_width; j++) {
            const int row = i - top, column = j - left;
            const int inside = row >= 0 && row < height && column >= 0 && column < width;
            for (int c = 0; c < channels; c++)
                *y++ = inside ? x[(row * width + column) * channels + c] : 0.0f;
        }
}

/* y = scale * x + shift, for each channel: batch normalization with its running statistics. */
static void scale_shift(float *y, const float *x, const float *scale, const float *shift, int rows, int channels)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < channels; c++)
            y[r * channels + c] = scale[c] * x[r * channels + c] + shift[c];
}

/* y = scale * (x - mean) / sqrt(variance + eps) + shift, with the statistics of each row. */
static void layer_norm(float *y, const float *x, const float *scale, const float *shift, float eps, int rows, int channels)
{
    for (int r = 0; r < rows; r++, x += channels, y += channels) {
        float mean = 0.0f, variance = 0.0f;
        for (int c = 0; c < channels; c++)
            mean += x[c];
        mean /= (float)channels;
        for (int c = 0; c < channels; c++)
            variance += (x[c] - mean) * (x[c] - mean);
        const float inverse = 1.0f / sqrtf(variance / (float)channels + eps);
        for (int c = 0; c < channels; c++)
            y[c] = (scale ? scale[c] : 1.0f) * ((x[c] - mean) * inverse) + (shift ? shift[c] : 0.0f);
    }
}

/* y = scale * x / sqrt(mean of x^2 + eps), for each row. */
static void rms_norm(float *y, const float *x, const float *scale, float eps, int rows, int channels)
{
    for (int r = 0; r < rows; r++, x += channels, y += channels) {
        float squares = 0.0f;
        for (int c = 0; c < channels; c++)
            squares += x[c] * x[c];
        const float inverse = 1.0f / sqrtf(squares / (float)channels + eps);
        for (int c = 0; c < channels; c++)
            y[c] = (scale ? scale[c] : 1.0f) * (x[c] * inverse);
    }
}

/* y = scale * (x - mean) / sqrt(variance + eps) + shift, with the statistics of each group of channels over all pixels.
   The sums are added up pixel by pixel, so that they stay precise in large images. */
static void group_norm(float *y, const float *x, const float *scale, const float *shift, float eps,
                       int pixels, int channels, int groups)
{
    const int size = channels / groups;
    for (int g = 0; g < groups; g++) {
        float mean = 0.0f, variance = 0.0f;
        for (int p = 0; p < pixels; p++) {
            float sum = 0.0f;
            for (int c = g * size; c < (g + 1) * size; c++)
                sum += x[p * channels + c];
            mean += sum;
        }
        mean /= (float)(pixels * size);
        for (int p = 0; p < pixels; p++) {
            float sum = 0.0f;
            for (int c = g * size; c < (g + 1) * size; c++)
                sum += (x[p * channels + c] - mean) * (x[p * channels + c] - mean);
            variance += sum;
        }
        const float inverse = 1.0f / sqrtf(variance / (float)(pixels * size) + eps);
        for (int p = 0; p < pixels; p++)
            for (int c = g * size; c < (g + 1) * size; c++)
                y[p * channels + c] = (scale ? scale[c] : 1.0f) * ((x[p * channels + c] - mean) * inverse) +
                                      (shift ? shift[c] : 0.0f);
    }
}

/* Row k of weight (vocabulary, units) for token k; zeros for a token outside the vocabulary. */
static void embedding(float *restrict y, const int32_t *restrict tokens, const float *restrict weight,
                      int steps, int vocabulary, int units)
{
    for (int t = 0; t < steps; t++)
        for (int u = 0; u < units; u++)
            y[t * units + u] = tokens[t] >= 0 && tokens[t] < vocabulary ? weight[tokens[t] * units + u] : 0.0f;
}

/* The values of x at some positions. */
static void copy_numbers(float *restrict y, const float *restrict x, const int32_t *restrict positions, int count)
{
    for (int i = 0; i < count; i++)
        y[i] = x[positions[i]];
}

/* The row of weight (categories, units) for the category whose number is nearest to the value. */
static void embed_category(float *restrict y, float value, const float *restrict weight, int categories, int units)
{
    const int last = categories - 1;
    const int category = !(value > 0.0f) ? 0 : value < (float)last ? (int)(value + 0.5f) : last;
    for (int u = 0; u < units; u++)
        y[u] = weight[category * units + u];
}

/* h = f(x @ weight + h @ recurrent_weight + bias), f relu or tanh; scratch (2 * units): h and its next value. */
static void simple_rnn(float *restrict y, const float *restrict x, const float *restrict weight,
                       const float *restrict recurrent_weight, const float *restrict bias, float *restrict scratch,
                       int steps, int features, int units, int is_relu, int reverse, int return_sequences)
{
    float *restrict h = scratch, *restrict next = scratch + units;
    for (int u = 0; u < units; u++)
        h[u] = 0.0f;
    for (int n = 0; n < steps; n++) {
        const int t = reverse ? steps - 1 - n : n;
        set_bias(next, bias, units);
        multiply_add(next, x + t * features, weight, features, units);
        multiply_add(next, h, recurrent_weight, units, units);
        for (int u = 0; u < units; u++) {
            h[u] = is_relu ? (next[u] > 0.0f ? next[u] : 0.0f) : tanhf(next[u]);
            y[(return_sequences ? t * units : 0) + u] = h[u];
        }
    }
}

/* c = f * c + i * g, h = o * tanh(c); i f g o = x @ weight + h @ recurrent_weight + bias, through sigmoid, sigmoid, tanh,
   sigmoid. scratch (6 * units): h, c and the gates. */
static void lstm(float *restrict y, const float *restrict x, const float *restrict weight,
                 const float *restrict recurrent_weight, const float *restrict bias, float *restrict scratch,
                 int steps, int features, int units, int reverse, int return_sequences)
{
    float *restrict h = scratch, *restrict c = scratch + units, *restrict gates = scratch + 2 * units;
    for (int u = 0; u < units; u++)
        h[u] = c[u] = 0.0f;
    for (int n = 0; n < steps; n++) {
        const int t = reverse ? steps - 1 - n : n;
        set_bias(gates, bias, 4 * units);
        multiply_add(gates, x + t * features, weight, features, 4 * units);
        multiply_add(gates, h, recurrent_weight, units, 4 * units);
        for (int u = 0; u < units; u++) {
            const float i = sigmoid_of(gates[u]), f = sigmoid_of(gates[units + u]);
            const float g = tanhf(gates[2 * units + u]), o = sigmoid_of(gates[3 * units + u]);
            c[u] = f * c[u] + i * g;
            h[u] = o * tanhf(c[u]);
            y[(return_sequences ? t * units : 0) + u] = h[u];
        }
    }
}

/* h = (1 - z) * n + z * h; r z = sigmoid(x @ weight + bias + h @ recurrent_weight),
   n = tanh(x @ weight + bias + r * (h @ recurrent_weight + recurrent_bias)). scratch (7 * units): h, and the parts of the
   input and of h in the gates. */
static void gru(float *restrict y, const float *restrict x, const float *restrict weight,
                const float *restrict recurrent_weight, const float *restrict bias, const float *restrict recurrent_bias,
                float *restrict scratch, int steps, int features, int units, int reverse, int return_sequences)
{
    float *restrict h = scratch, *restrict input = scratch + units, *restrict state = scratch + 4 * units;
    for (int u = 0; u < units; u++)
        h[u] = 0.0f;
    for (int k = 0; k < steps; k++) {
        const int t = reverse ? steps - 1 - k : k;
        set_bias(input, bias, 3 * units);
        multiply_add(input, x + t * features, weight, features, 3 * units);
        set_bias(state, NULL, 2 * units);
        set_bias(state + 2 * units, recurrent_bias, units);
        multiply_add(state, h, recurrent_weight, units, 3 * units);
        for (int u = 0; u < units; u++) {
            const float r = sigmoid_of(input[u] + state[u]), z = sigmoid_of(input[units + u] + state[units + u]);
            const float n = tanhf(input[2 * units + u] + r * state[2 * units + u]);
            h[u] = (1.0f - z) * n + z * h[u];
            y[(return_sequences ? t * units : 0) + u] = h[u];
        }
    }
}

/* mixed = softmax(q k^T / sqrt(size)) v for each head; y = mixed @ output_weight + output_bias.
   scratch (steps * 4 * features + steps): q k v, mixed, and the weights of one step. */
static void attend(float *restrict y, const float *restrict output_weight, const float *restrict output_bias,
                   float *restrict scratch, int steps, int features, int heads, int causal)
{
    const int size = features / heads, wide = 3 * features;
    float *restrict qkv = scratch, *restrict mixed = qkv + steps * wide, *restrict share = mixed + steps * features;
    const float factor = 1.0f / sqrtf((float)size);
    for (int head = 0; head < heads; head++)
        for (int t = 0; t < steps; t++) {
            const float *restrict q = qkv + t * wide + head * size;
            float *restrict sum = mixed + t * features + head * size;
            const int seen = causal ? t + 1 : steps;
            for (int s = 0; s < seen; s++) {
                const float *restrict k = qkv + s * wide + features + head * size;
                share[s] = 0.0f;
                for (int e = 0; e < size; e++)
                    share[s] += q[e] * k[e];
                share[s] *= factor;
            }
            softmax(share, share, 1, seen);
            set_bias(sum, NULL, size);
            for (int s = 0; s < seen; s++) {
                const float *restrict v = qkv + s * wide + 2 * features + head * size;
                for (int e = 0; e < size; e++)
                    sum[e] += share[s] * v[e];
            }
        }
    dense(y, mixed, output_weight, output_bias, steps, features, features);
}

/* q k v = x @ weight + bias, and attention with them. */
static void multi_head_attention(float *restrict y, const float *restrict x, const float *restrict weight,
                                 const float *restrict bias, const float *restrict output_weight,
                                 const float *restrict output_bias, float *restrict scratch,
                                 int steps, int features, int heads, int causal)
{
    dense(scratch, x, weight, bias, steps, features, 3 * features);
    attend(y, output_weight, output_bias, scratch, steps, features, heads, causal);
}

/* The same, with each pair of features of q and k turned by the angle of its step; rotations (steps, size): cosines and sines. */
static void rotary_attention(float *restrict y, const float *restrict x, const float *restrict weight,
                             const float *restrict bias, const float *restrict output_weight,
                             const float *restrict output_bias, const float *restrict rotations,
                             float *restrict scratch, int steps, int features, int heads, int causal)
{
    const int size = features / heads;
    dense(scratch, x, weight, bias, steps, features, 3 * features);
    for (int t = 0; t < steps; t++)
        for (int i = 0; i < 2 * features; i += 2) {
            float *restrict pair = scratch + t * 3 * features + i;
            const float cosine = rotations[t * size + i % size], sine = rotations[t * size + i % size + 1];
            const float a = pair[0], b = pair[1];
            pair[0] = a * cosine - b * sine;
            pair[1] = a * sine + b * cosine;
        }
    attend(y, output_weight, output_bias, scratch, steps, features, heads, causal);
}

/* y = a + b */
static void add(float *y, const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

/* y = a * b */
static void multiply(float *y, const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

/* y = x */
static void copy(float *restrict y, const float *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i];
}

/* x (rows, columns) becomes the columns from y on of a table with rows of `wide` values. */
static void copy_columns(float *restrict y, const float *restrict x, int rows, int columns, int wide)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            y[r * wide + c] = x[r * columns + c];
}

/* 1 / (1 + exp(-x)) */
static float sigmoid_of(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

/* y = max(x, 0) */
static void relu(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] <= 0.0f ? 0.0f : x[i];
}

/* y = x above 0, slope * x below */
static void leaky_relu(float *y, const float *x, float slope, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] <= 0.0f ? slope * x[i] : x[i];
}

/* y = x above 0, slope[c] * x below, for each channel c */
static void prelu(float *y, const float *x, const float *slope, int rows, int channels)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < channels; c++) {
            const float v = x[r * channels + c];
            y[r * channels + c] = v <= 0.0f ? slope[c] * v : v;
        }
}

/* y = scale * x above 0, scale * alpha * (exp(x) - 1) below */
static void elu(float *y, const float *x, float alpha, float scale, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] > 0.0f ? scale * x[i] : scale * alpha * expm1f(x[i]);
}

/* y = log(1 + exp(beta * x)) / beta */
static void softplus(float *y, const float *x, float beta, int n)
{
    for (int i = 0; i < n; i++) {
        const float v = beta * x[i];
        y[i] = ((v > 0.0f ? v : 0.0f) + log1pf(expf(-fabsf(v)))) / beta;
    }
}

/* y = 1 / (1 + exp(-x)) */
static void sigmoid(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = sigmoid_of(x[i]);
}

/* y = tanh(x) */
static void hyperbolic_tangent(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = tanhf(x[i]);
}

/* y = x / (1 + |x|) */
static void softsign(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] / (1.0f + fabsf(x[i]));
}

/* y = gain * min(max(x + offset, low), high) */
static void clip(float *y, const float *x, float offset, float low, float high, float gain, int n)
{
    for (int i = 0; i < n; i++) {
        const float v = x[i] + offset;
        y[i] = gain * (v <= low ? low : v >= high ? high : v);
    }
}

/* y = x / (1 + exp(-x)) */
static void silu(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] * sigmoid_of(x[i]);
}

/* y = x * min(max(x + 3, 0), 6) / 6 */
static void hard_swish(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++) {
        const float v = x[i] + 3.0f;
        y[i] = x[i] * (v <= 0.0f ? 0.0f : v >= 6.0f ? 6.0f : v) / 6.0f;
    }
}

/* y = x * tanh(log(1 + exp(x))) = x * n / (n + 2), n = e * (e + 2), e = exp(x); above 20 it is x. */
static void mish(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++) {
        const float e = expf(x[i] > 20.0f ? 20.0f : x[i]), m = e * (e + 2.0f);
        y[i] = x[i] * (m / (m + 2.0f));
    }
}

/* y = x * (1 + erf(x / sqrt(2))) / 2 */
static void gelu(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678f));
}

/* y = x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2 */
static void gelu_tanh(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = 0.5f * x[i] * (1.0f + tanhf(0.79788456f * x[i] * (1.0f + 0.044715f * x[i] * x[i])));
}

/* y = exp(x) / sum of exp(x), for each row */
static void softmax(float *y, const float *x, int rows, int columns)
{
    for (int r = 0; r < rows; r++, x += columns, y += columns) {
        float most = x[0], sum = 0.0f;
        for (int c = 1; c < columns; c++)
            most = x[c] > most ? x[c] : most;
        for (int c = 0; c < columns; c++) {
            y[c] = expf(x[c] - most);
            sum += y[c];
        }
        for (int c = 0; c < columns; c++)
            y[c] /= sum;
    }
}

/* y = x - log(sum of exp(x)), for each row */
static void log_softmax(float *y, const float *x, int rows, int columns)
{
    for (int r = 0; r < rows; r++, x += columns, y += columns) {
        float most = x[0], sum = 0.0f;
        for (int c = 1; c < columns; c++)
            most = x[c] > most ? x[c] : most;
        for (int c = 0; c < columns; c++)
            sum += expf(x[c] - most);
        for (int c = 0; c < columns; c++)
            y[c] = x[c] - most - logf(sum);
    }
}

/* y = exp(x) */
static void exponential(float *y, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = expf(x[i]);
}

/* The share of each value in the sum of the positive ones of its row; equal shares where none is positive. */
static void shares(float *y, const float *x, int rows, int columns)
{
    for (int r = 0; r < rows; r++, x += columns, y += columns) {
        float sum = 0.0f;
        for (int c = 0; c < columns; c++)
            sum += x[c] > 0.0f ? x[c] : 0.0f;
        for (int c = 0; c < columns; c++)
            y[c] = sum > 0.0f ? (x[c] > 0.0f ? x[c] : 0.0f) / sum : 1.0f / (float)columns;
    }
}

/* The probabilities of both classes from the logit of the second. */
static void two_classes(float *restrict y, const float *restrict x, int rows)
{
    for (int r = 0; r < rows; r++) {
        y[2 * r] = sigmoid_of(-x[r]);
        y[2 * r + 1] = sigmoid_of(x[r]);
    }
}

/* y = (x - a) / (b - a) for each bin from a to b of edges (encoded, bins + 1), within 0 and 1 but for the outer bins, then the
   features that are not encoded */
static void piecewise_linear(float *restrict y, const float *restrict x, const float *edges, int rows, int features,
                             int encoded, int bins)
{
    for (int r = 0; r < rows; r++) {
        for (int f = 0; f < encoded; f++, x++) {
            const float *edge = edges + f * (bins + 1);
            for (int t = 0; t < bins; t++) {
                float v = edge[t + 1] > edge[t] ? (*x - edge[t]) / (edge[t + 1] - edge[t]) : 0.0f;
                if (t > 0 && v < 0.0f)
                    v = 0.0f;
                if (edge[t + 1] < edge[bins] && v > 1.0f)
                    v = 1.0f;
                *y++ = v;
            }
        }
        for (int f = encoded; f < features; f++)
            *y++ = *x++;
    }
}

/* y = (sin(w x), cos(w x)) for each w of angular (features, count) */
static void periodic(float *restrict y, const float *restrict x, const float *angular, int rows, int features, int count)
{
    for (int r = 0; r < rows; r++)
        for (int f = 0; f < features; f++, x++, y += 2 * count)
            for (int k = 0; k < count; k++) {
                y[k] = sinf(angular[f * count + k] * *x);
                y[count + k] = cosf(angular[f * count + k] * *x);
            }
}

/* log(1 + exp(x)) */
static float softplus_of(float x)
{
    return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)));
}

/* The log-probabilities of ordered classes, with thresholds t between them. */
static void cumulative_link(float *restrict y, const float *restrict x, const float *t, int rows, int classes)
{
    for (int r = 0; r < rows; r++, x++)
        for (int k = 0; k < classes; k++) {
            float v = 0.0f;
            if (k > 0)
                v -= softplus_of(t[k - 1] - *x);
            if (k + 1 < classes)
                v -= softplus_of(*x - t[k]);
            if (k > 0 && k + 1 < classes)
                v += logf(-expm1f(t[k - 1] - t[k]));
            *y++ = v;
        }
}

/* Means and standard deviations in turn, from means and logarithms of variances. */
static void mean_std(float *y, const float *x, int rows, int columns)
{
    for (int r = 0; r < rows; r++, x += columns, y += columns)
        for (int c = 0; c < columns; c++)
            y[c] = c % 2 ? expf(0.5f * x[c]) : x[c];
}

/* 1 for the class on whose side of 0 the output is: the second above it. */
static void side(float *restrict y, const float *restrict x, int rows)
{
    for (int r = 0; r < rows; r++) {
        y[2 * r] = x[r] <= 0.0f ? 1.0f : 0.0f;
        y[2 * r + 1] = x[r] > 0.0f ? 1.0f : 0.0f;
    }
}

/* y = x * scale[c], for each channel c */
static void scale_inputs(float *y, const float *x, const float *scale, int rows, int channels)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < channels; c++)
            y[r * channels + c] = x[r * channels + c] * scale[c];
}

/* y = (x - shift[c]) * scale[c], for each channel c: in double, since x and shift can be large and close to each other. */
static void standardize(float *y, const float *x, const double *shift, const double *scale, int rows, int channels)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < channels; c++)
            y[r * channels + c] = (float)(((double)x[r * channels + c] - shift[c]) * scale[c]);
}

/* y = x, and fill[c] where x is NaN, a missing value. */
static void fill_gaps(float *y, const float *x, const float *fill, int rows, int channels)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < channels; c++)
            y[r * channels + c] = isnan(x[r * channels + c]) ? fill[c] : x[r * channels + c];
}

/* sign(x) log(1 + |x|). */
static float signed_log(float x)
{
    return copysignf(log1pf(fabsf(x)), x);
}

/* Linear between the knots (knots, heights), and constant outside. */
static float interpolated(float x, const float *knots, const float *heights, int count)
{
    int k = 1;
    if (x <= knots[0])
        return heights[0];
    while (k < count && x > knots[k])
        k++;
    if (k == count)
        return heights[count - 1];
    return heights[k - 1] + (heights[k] - heights[k - 1]) * ((x - knots[k - 1]) / (knots[k] - knots[k - 1]));
}

/* The nearest whole number, from -127 to 127. */
static int8_t rounded_int8(float x)
{
    return (int8_t)lrintf(x > 127.0f ? 127.0f : x < -127.0f ? -127.0f : x);
}

/* y = x / scale, rounded: numbers in steps of `scale`. */
static void quantize(int8_t *restrict y, const float *restrict x, float inverse_scale, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = rounded_int8(x[i] * inverse_scale);
}

/* The sum of products of n numbers. */
static int32_t dot_int8(const int8_t *restrict a, const int8_t *restrict b, int n)
{
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

/* sum * multiplier / 2^shift, rounded and clipped: a sum in the steps of the output. */
static int8_t requantized(int32_t sum, int32_t multiplier, int shift)
{
    const int64_t y = ((int64_t)sum * multiplier + ((int64_t)1 << (shift - 1))) >> shift;
    return (int8_t)(y > 127 ? 127 : y < -127 ? -127 : y);
}

/* y = x @ weight^T + bias, requantized, for each row: x (rows, inputs), weight (units, inputs), y (rows, units). */
static void dense_int8(int8_t *restrict y, const int8_t *restrict x, const int8_t *restrict weight,
                       const int32_t *restrict bias, const int32_t *restrict multiplier,
                       const int8_t *restrict shift, int rows, int inputs, int units)
{
    for (int r = 0; r < rows; r++)
        for (int u = 0; u < units; u++)
            *y++ = requantized(bias[u] + dot_int8(x + r * inputs, weight + u * inputs, inputs), multiplier[u], shift[u]);
}

/* y = scale * (x @ weight^T) + bias in float, for each row: x (rows, inputs), weight (units, inputs), y (rows, units). */
static void dense_int8_to_float(float *restrict y, const int8_t *restrict x, const int8_t *restrict weight,
                                const float *restrict scale, const float *restrict bias, int rows, int inputs, int units)
{
    for (int r = 0; r < rows; r++)
        for (int u = 0; u < units; u++)
            *y++ = scale[u] * (float)dot_int8(x + r * inputs, weight + u * inputs, inputs) + bias[u];
}

/* The sum of a convolution for output (i, j) and one filter: weight (rows, columns, channels / groups). */
static int32_t window_sum_int8(const int8_t *restrict x, const int8_t *restrict weight, const sliding_window *s,
                               int i, int j, int group)
{
    const int channels = s->channels / s->groups;
    int32_t sum = 0;
    for (int a = 0; a < s->rows; a++) {
        const int row = i * s->stride_rows + a * s->dilation_rows - s->top;
        if (row < 0 || row >= s->height)
            continue;
        for (int b = 0; b < s->columns; b++) {
            int column = j * s->stride_columns + b * s->dilation_columns - s->left, pixels = 1;
            if (column < 0 || column >= s->width)
                continue;
            if (s->groups == 1 && s->dilation_columns == 1) { /* the rest of the row of the window lies together */
                pixels = s->columns - b < s->width - column ? s->columns - b : s->width - column;
            }
            sum += dot_int8(x + (row * s->width + column) * s->channels + group * channels,
                            weight + (a * s->columns + b) * channels, pixels * channels);
            b += pixels - 1;
        }
    }
    return sum;
}

/* Convolution, requantized; weight (filters, rows, columns, channels / groups). */
static void conv_int8(int8_t *restrict y, const int8_t *restrict x, const int8_t *restrict weight,
                      const int32_t *restrict bias, const int32_t *restrict multiplier, const int8_t *restrict shift,
                      const sliding_window *s)
{
    const int size = s->rows * s->columns * (s->channels / s->groups), in_group = s->filters / s->groups;
    for (int i = 0; i < s->out_height; i++)
        for (int j = 0; j < s->out_width; j++)
            for (int f = 0; f < s->filters; f++)
                *y++ = requantized(bias[f] + window_sum_int8(x, weight + f * size, s, i, j, f / in_group),
                                   multiplier[f], shift[f]);
}

/* Convolution, with a result in float: y = scale * sum + bias; weight (filters, rows, columns, channels / groups). */
static void conv_int8_to_float(float *restrict y, const int8_t *restrict x, const int8_t *restrict weight,
                               const float *restrict scale, const float *restrict bias, const sliding_window *s)
{
    const int size = s->rows * s->columns * (s->channels / s->groups), in_group = s->filters / s->groups;
    for (int i = 0; i < s->out_height; i++)
        for (int j = 0; j < s->out_width; j++)
            for (int f = 0; f < s->filters; f++)
                *y++ = scale[f] * (float)window_sum_int8(x, weight + f * size, s, i, j, f / in_group) + bias[f];
}

/* y = max(x, 0) */
static void relu_int8(int8_t *y, const int8_t *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

/* The maximum of each window, for each channel; padding does not count. */
static void max_pool_int8(int8_t *restrict y, const int8_t *restrict x, const sliding_window *s)
{
    for (int i = 0; i < s->out_height; i++)
        for (int j = 0; j < s->out_width; j++, y += s->channels) {
            for (int c = 0; c < s->channels; c++)
                y[c] = -127;
            for (int row = i * s->stride_rows - s->top, a = 0; a < s->rows; a++, row++)
                for (int column = j * s->stride_columns - s->left, b = 0; b < s->columns; b++, column++) {
                    if (row < 0 || row >= s->height || column < 0 || column >= s->width)
                        continue;
                    const int8_t *restrict pixel = x + (row * s->width + column) * s->channels;
                    for (int c = 0; c < s->channels; c++)
                        y[c] = pixel[c] > y[c] ? pixel[c] : y[c];
                }
        }
}
