"""What merging, quantising and measuring do to the rows of a weight, compiled.

A row goes through all of it while it lies in the nearest cache of a core: writing whole matrices in
between and reading them again takes longer than reckoning with them. The loops stand in one file,
since numba looks at the file of a loop, and not at those of what it calls, to see whether what it
compiled before is stale. Those whose bounds are an array's shape become loops over vectors.

Every sum of floats has one order, whatever the threads and the processor: the product of factors
runs over r, squares over the rows one after the other, by their place in a block, and over the
places at the end: additions that do not wait for one another.
"""

# numpy leaves the types of some of its functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import math
from typing import NamedTuple

import numpy as np

from stages.weights.tensors.compiled import compiled
from stages.weights.tensors.held import Array, Factors, Held

BLOCK = 32
STRIP = 32  # rows that are turned over at once
VALUES = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)
# The two values of each byte as the 8 bytes that they take, the low nibble's first.
PAIRS = np.stack([np.tile(VALUES, 16), np.repeat(VALUES, 16)], 1).view(np.uint64).reshape(-1)
# By the code of a scale; 255 is never written.
UNITS = np.append(np.ldexp(np.float32(1), np.arange(255) - 127), np.float32(np.inf))
INVERSES = np.ldexp(np.float32(1), 127 - np.arange(256))
MAGNITUDE = np.uint32(0x7FFFFFFF)
INFINITE = np.uint32(0x7F800000)
OVER_BF16 = np.uint32(0x7F7F8000)  # rounds to infinity


class Rule(NamedTuple):
    """How a block's scale is found."""

    rounding: int  # what is added to the bits of the largest before its exponent is read
    search: bool


@compiled
def width_of(held: Held) -> int:
    if held.blocks.size:
        return held.blocks.shape[1] * BLOCK
    return held.halves.shape[1] if held.halves.size else held.floats.shape[1]


@compiled
def rows_of(held: Held) -> int:
    return max(len(held.blocks), len(held.halves), len(held.floats))


@compiled
def read_row(held: Held, row: int, into: Array) -> None:
    """One row (n) in float32."""
    if held.blocks.size:
        decode_row(held.blocks[row], held.scales[row], into)
    elif held.halves.size:
        bits, halves = into.view(np.uint32), held.halves[row]
        for i in range(len(halves)):
            bits[i] = np.uint32(halves[i]) << np.uint32(16)
    else:
        into[:] = held.floats[row]


@compiled
def decode_row(blocks: Array, scales: Array, into: Array) -> None:
    values = into.reshape(len(blocks), BLOCK)
    pairs = values.view(np.uint64)
    for block in range(len(blocks)):
        for byte in range(blocks.shape[1]):
            pairs[block, byte] = PAIRS[blocks[block, byte]]
    for block in range(len(blocks)):
        unit = UNITS[scales[block]]
        for i in range(values.shape[1]):
            values[block, i] *= unit


@compiled
def decode_rows(first: int, last: int, blocks: Array, scales: Array, values: Array) -> None:
    for row in range(first, last):
        decode_row(blocks[row], scales[row], values[row])


@compiled
def add_product(weight: Array, row: int, factors: Factors, product: Array, total: Array) -> None:
    """A row of weight + scale * left right. Eight steps of r at once: the same sums, and fewer
    times to and from memory."""
    left, right, scale = factors.left[row], factors.right, factors.scale
    product[:] = np.float32(0)
    eights = len(left) // 8 * 8
    for k in range(0, eights, 8):
        x0, x1, x2, x3 = left[k], left[k + 1], left[k + 2], left[k + 3]
        x4, x5, x6, x7 = left[k + 4], left[k + 5], left[k + 6], left[k + 7]
        r0, r1, r2, r3 = right[k], right[k + 1], right[k + 2], right[k + 3]
        r4, r5, r6, r7 = right[k + 4], right[k + 5], right[k + 6], right[k + 7]
        for i in range(len(product)):
            so_far = product[i] + x0 * r0[i]
            so_far += x1 * r1[i]
            so_far += x2 * r2[i]
            so_far += x3 * r3[i]
            so_far += x4 * r4[i]
            so_far += x5 * r5[i]
            so_far += x6 * r6[i]
            so_far += x7 * r7[i]
            product[i] = so_far
    for k in range(eights, len(left)):
        x0, r0 = left[k], right[k]
        for i in range(len(product)):
            product[i] += x0 * r0[i]
    for i in range(len(product)):
        total[i] = weight[i] + scale * product[i]


@compiled
def add_products(weight: Array, factors: Factors, total: Array) -> None:
    product = np.empty(weight.shape[1], np.float32)
    for row in range(len(weight)):
        add_product(weight[row], row, factors, product, total[row])


@compiled
def merge_rows(
    weight: Held, factors: Factors, into: Array, across: bool
) -> tuple[bool, float, float, float]:
    """Writes the rows plus their change as BF16, `across` as columns. Returns whether all are
    finite, and |W|^2, |W + D|^2 and |D|^2 if there is a change."""
    rows, width = rows_of(weight), width_of(weight)
    held, tuned = np.empty(width, np.float32), np.empty(width, np.float32)
    product = np.empty(width, np.float32)
    strip = np.empty((STRIP, width), np.uint16)
    part, sums = np.empty((3, BLOCK), np.float32), np.zeros((3, BLOCK))
    for first in range(0, rows, STRIP):
        count = min(STRIP, rows - first)
        for row in range(count):
            read_row(weight, first + row, held)
            if factors.left.size:
                add_product(held, first + row, factors, product, tuned)
                add_squares(held, tuned, part, sums)
            else:
                tuned[:] = held
            if not round_to_bf16(tuned, strip[row] if across else into[first + row]):
                return False, 0.0, 0.0, 0.0
        if across and rows % 4 == 0:
            turn_over_fours(strip.reshape(STRIP // 4, 4, width), into.view(np.uint64), first // 4)
        elif across:
            turn_over(strip[:count], into[:, first : first + count])
    return True, sums[0].sum(), sums[1].sum(), sums[2].sum()


@compiled
def add_squares(held: Array, tuned: Array, part: Array, sums: Array) -> None:
    """Adds a row's |W|^2, |W + D|^2 and |D|^2, by place in a block of 32."""
    of_weight, of_tuned, of_delta = part[0], part[1], part[2]
    part[:] = np.float32(0)
    for first in range(0, len(held), BLOCK):
        w, t = held[first : first + BLOCK], tuned[first : first + BLOCK]
        for i in range(len(w)):
            change = t[i] - w[i]
            of_weight[i] += w[i] * w[i]
            of_tuned[i] += t[i] * t[i]
            of_delta[i] += change * change
    sums += part


@compiled
def round_to_bf16(values: Array, halves: Array) -> bool:
    """Half to even; False if one of them is not finite then."""
    bits, largest = values.view(np.uint32), np.uint32(0)
    for i in range(len(bits)):
        here = bits[i]
        largest = max(largest, here & MAGNITUDE)
        odd = (here >> np.uint32(16)) & np.uint32(1)
        halves[i] = (here + np.uint32(0x7FFF) + odd) >> np.uint32(16)
    return bool(largest < OVER_BF16)


@compiled
def turn_over(strip: Array, into: Array) -> None:
    for column in range(strip.shape[1]):
        for row in range(strip.shape[0]):
            into[column, row] = strip[row, column]


@compiled
def turn_over_fours(fours: Array, into: Array, first: int) -> None:
    """As `turn_over`, of numbers of 16 bits and four rows at once: (rows / 4, 4, n) into
    (n, rows / 4) of 64 bits, from `first` on; STRIP columns at a time, which stay in the cache."""
    last = min(first + len(fours), into.shape[1])
    for start in range(0, len(into), STRIP):
        turn_over_some(fours[:, :, start : start + STRIP], into[start : start + STRIP, first:last])


@compiled
def turn_over_some(fours: Array, into: Array) -> None:
    for column in range(into.shape[0]):
        for four in range(into.shape[1]):
            low = np.uint64(fours[four, 0, column]) | np.uint64(fours[four, 1, column]) << 16
            high = np.uint64(fours[four, 2, column]) | np.uint64(fours[four, 3, column]) << 16
            into[column, four] = low | high << np.uint64(32)


@compiled
def across(matrix: Array) -> Array:
    """The transpose, lying as (n, rows)."""
    turned = np.empty(matrix.shape[::-1], matrix.dtype)
    for first in range(0, len(matrix), STRIP):
        strip = matrix[first : first + STRIP]
        turn_over(strip, turned[:, first : first + len(strip)])
    return turned


@compiled
def all_finite(halves: Array) -> bool:
    largest = np.uint16(0)
    for i in range(len(halves)):
        largest = max(largest, halves[i] & np.uint16(0x7FFF))
    return bool(largest < np.uint16(0x7F80))


@compiled
def encode_rows(
    first: int, last: int, weight: Held, rule: Rule, before: Array, blocks: Array, scales: Array
) -> bool:
    """False if a value is not finite. `before`: scales of the same shape, or none."""
    values = np.empty((blocks.shape[1], BLOCK), np.float32)
    rounded = np.empty_like(values)
    no_scales = np.empty(0, np.uint8)
    for row in range(first, last):
        read_row(weight, row, values.reshape(-1))
        old = before[row] if before.size else no_scales
        if not encode_row(values, rule, old, blocks[row], scales[row], rounded):
            return False
    return True


@compiled
def encode_row(
    values: Array, rule: Rule, before: Array, blocks: Array, scales: Array, rounded: Array
) -> bool:
    """The bytes of values (n / 32, 32), and what they stand for; False if not all are finite."""
    if not find_scales(values, rule, before, scales):
        return False
    codes = np.empty(values.shape, np.uint32)
    round_row(values, scales, codes, rounded)
    pack_row(codes, blocks)
    return True


@compiled
def find_scales(values: Array, rule: Rule, before: Array, scales: Array) -> bool:
    bits = values.view(np.uint32)
    for block in range(len(bits)):
        largest = np.uint32(0)
        for i in range(bits.shape[1]):
            largest = max(largest, bits[block, i] & MAGNITUDE)
        if largest >= INFINITE:
            return False
        exponent = np.int32((largest + np.uint32(rule.rounding)) >> np.uint32(23)) - 2
        scales[block] = min(max(exponent, 0), 254)
    if rule.search:
        search_scales(values, before, scales)
    return True


@compiled
def pack_row(codes: Array, blocks: Array) -> None:
    flat, packed = codes.reshape(-1), blocks.reshape(-1)
    for byte in range(len(packed)):
        packed[byte] = flat[2 * byte] | (flat[2 * byte + 1] << np.uint32(4))


@compiled
def round_row(values: Array, scales: Array, codes: Array, rounded: Array) -> None:
    """The code of each value, and what that is under its block's scale.

    Elements are 1/2 apart below 2, then 1, and 2 from 4 on; half to even is then also the even
    code.
    """
    bits = values.view(np.uint32)
    half, one, two, four = np.float32(0.5), np.float32(1), np.float32(2), np.float32(4)
    for block in range(len(values)):
        inverse, unit = INVERSES[scales[block]], UNITS[scales[block]]
        for i in range(values.shape[1]):
            x = abs(values[block, i]) * inverse
            steps_in_one = two if x < two else (one if x < four else half)
            step = half if x < two else (one if x < four else two)
            before = np.float32(0) if x < two else (two if x < four else four)  # shorter steps
            count = np.rint(x * steps_in_one)
            code = np.uint32(np.int32(min(count + before, np.float32(7))))
            codes[block, i] = code | ((bits[block, i] >> np.uint32(28)) & np.uint32(8))
            rounded[block, i] = math.copysign(
                min(count * step, np.float32(6)) * unit, values[block, i]
            )


@compiled
def search_scales(values: Array, before: Array, scales: Array) -> None:
    """Replaces each block's scale by that with the least squared error among its neighbours, and
    the one it had before."""
    count = len(values)
    magnitudes = np.empty((BLOCK, count), np.float32)  # a loop over blocks is one over vectors
    for block in range(count):
        for i in range(values.shape[1]):
            magnitudes[i, block] = abs(values[block, i])
    middle = scales.astype(np.int32)
    scale, least = np.empty(count, np.int32), np.full(count, np.inf)
    inverse, unit = np.empty(count, np.float32), np.empty(count, np.float32)
    error = np.empty(count, np.float64)
    for attempt in range(4):
        for block in range(count):
            scale[block] = min(max(middle[block] + (0, 0, 1, -1)[attempt], 0), 254)
            if attempt == 0 and before.size and before[block] <= 254:
                scale[block] = before[block]
            inverse[block], unit[block] = INVERSES[scale[block]], UNITS[scale[block]]
        error[:] = 0.0
        for i in range(len(magnitudes)):
            add_misses(magnitudes[i], inverse, unit, error)
        for block in range(count):
            if error[block] < least[block]:
                least[block] = error[block]
                scales[block] = scale[block]


@compiled
def add_misses(magnitudes: Array, inverse: Array, unit: Array, error: Array) -> None:
    """Of what will be read, which at the ends of the range is 0 or infinite."""
    one, two, four = np.float32(1), np.float32(2), np.float32(4)
    for i in range(len(magnitudes)):
        x = magnitudes[i] * inverse[i]
        steps_in_one = two if x < two else (one if x < four else np.float32(0.5))
        step = np.float32(0.5) if x < two else (one if x < four else two)
        nearest = min(np.rint(x * steps_in_one) * step, np.float32(6))
        miss = np.float64(magnitudes[i] - nearest * unit[i])
        error[i] += miss * miss


@compiled
def export_rows(
    weight: Held, factors: Factors, tuned: Held, rule: Rule, changed: bool, blocks: Array,
    scales: Array,
) -> tuple[bool, float, float, float, float, int, int]:  # fmt: skip
    """Quantises the rows plus their change, or `tuned` in their place, and measures what became of
    them (`weights.quantising.change`): |Q - (W + D)|^2, |W + D|^2, |D|^2, <Q - Q0, D>, and how many
    scales and blocks are others than those of W, if it is MXFP4. Blocks that no change touches keep
    their bytes. First whether all values are finite.

    Q0 is W if that is MXFP4, or else W quantised alike where it is `changed`.
    """
    count = blocks.shape[1]
    w, t = np.empty((count, BLOCK), np.float32), np.empty((count, BLOCK), np.float32)
    q, other = np.empty_like(w), np.empty_like(w)
    flat_w, flat_t, product = w.reshape(-1), t.reshape(-1), np.empty(count * BLOCK, np.float32)
    no_scales, spare = np.empty(0, np.uint8), (np.empty_like(blocks[0]), np.empty_like(scales[0]))
    packed, sums, rescaled, moved = weight.blocks.size > 0, np.zeros((4, BLOCK)), 0, 0
    for row in range(len(blocks)):
        read_row(weight, row, flat_w)
        if rows_of(tuned):
            read_row(tuned, row, flat_t)
        elif factors.left.size:
            add_product(flat_w, row, factors, product, flat_t)
        else:
            t[:] = w
        before, q0 = (weight.scales[row] if packed else no_scales), w
        if not encode_row(t, rule, before, blocks[row], scales[row], q):
            return False, 0.0, 0.0, 0.0, 0.0, rescaled, moved
        if packed:
            found = keep_unchanged(w, t, q, weight, row, blocks[row], scales[row])
            rescaled, moved = rescaled + found[0], moved + found[1]
        elif changed:
            q0 = other
            if not encode_row(w, rule, no_scales, spare[0], spare[1], q0):
                return False, 0.0, 0.0, 0.0, 0.0, rescaled, moved
        add_losses(w, t, q, q0, sums)
    return True, sums[0].sum(), sums[1].sum(), sums[2].sum(), sums[3].sum(), rescaled, moved


@compiled
def export_columns(
    weight: Held, factors: Factors, tuned: Held, rule: Rule, changed: bool, blocks: Array,
    scales: Array,
) -> tuple[bool, float, float, float, float]:  # fmt: skip
    """As `export_rows`, of a matrix that lies as its transpose and is not MXFP4: a block goes down
    BLOCK of its rows. Sums run over these, as they lie."""
    width = width_of(weight)
    w, t = np.empty((BLOCK, width), np.float32), np.empty((BLOCK, width), np.float32)
    q, other, product = np.empty_like(w), np.empty_like(w), np.empty(width, np.float32)
    values, rounded = np.empty((width, BLOCK), np.float32), np.empty((width, BLOCK), np.float32)
    made, own = np.empty((width, BLOCK // 2), np.uint8), np.empty(width, np.uint8)
    no_scales, sums = np.empty(0, np.uint8), np.zeros((4, width))
    for index in range(blocks.shape[1]):
        for row in range(BLOCK):
            read_row(weight, index * BLOCK + row, w[row])
            if rows_of(tuned):
                read_row(tuned, index * BLOCK + row, t[row])
            elif factors.left.size:
                add_product(w[row], index * BLOCK + row, factors, product, t[row])
            else:
                t[row] = w[row]
        q0 = w
        if changed:
            turn_over(w, values)
            if not encode_row(values, rule, no_scales, made, own, rounded):
                return False, 0.0, 0.0, 0.0, 0.0
            turn_over(rounded, other)
            q0 = other
        turn_over(t, values)
        if not encode_row(values, rule, no_scales, made, own, rounded):
            return False, 0.0, 0.0, 0.0, 0.0
        turn_over(rounded, q)
        for column in range(width):
            blocks[column, index], scales[column, index] = made[column], own[column]
        add_losses(w, t, q, q0, sums)
    return True, sums[0].sum(), sums[1].sum(), sums[2].sum(), sums[3].sum()


@compiled
def keep_unchanged(
    w: Array, t: Array, q: Array, weight: Held, row: int, blocks: Array, scales: Array
) -> tuple[int, int]:
    """Gives blocks that no change touches their bytes again. Also -0, which becomes 0 when nothing
    is added to it. Returns how many scales and how many blocks are others than before."""
    rescaled = moved = 0
    old_blocks, old_scales = weight.blocks[row], weight.scales[row]
    for block in range(len(w)):
        changed, differs = np.int32(0), np.int32(0)
        for i in range(w.shape[1]):
            changed += np.int32(t[block, i] != w[block, i])
            differs += np.int32(q[block, i] != w[block, i])
        if not changed:
            blocks[block], scales[block], q[block] = old_blocks[block], old_scales[block], w[block]
        elif differs:
            moved += 1
        rescaled += scales[block] != old_scales[block]
    return rescaled, moved


@compiled
def add_losses(w: Array, t: Array, q: Array, q0: Array, sums: Array) -> None:
    """Adds the terms of blocks (count, n), each a float32, to the sums (4, n)."""
    of_error, of_tuned, of_delta, of_kept = sums[0], sums[1], sums[2], sums[3]
    for block in range(len(w)):
        for i in range(w.shape[1]):
            change, miss = t[block, i] - w[block, i], q[block, i] - t[block, i]
            of_error[i] += miss * miss
            of_tuned[i] += t[block, i] * t[block, i]
            of_delta[i] += change * change
            of_kept[i] += (q[block, i] - q0[block, i]) * change
