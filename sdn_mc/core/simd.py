"""Rows of 32 int32 lanes inside numba: an opaque type and a few operations, emitted as LLVM IR.

numba's own vectoriser stops at half-width registers and gives up where rows may overlap. Here each
operation is written as IR on the vector type <32 x i32>; LLVM splits a row into the registers the
machine has (two with AVX-512, four with AVX2, eight with NEON), so nothing depends on the
instruction set and no compiled wheel is needed. A lane is a draw, so a mask of 32 draws is one
uint32 word, whose bits become the vector's booleans by a cast.

Rows live in contiguous int32 arrays of any rank: row r is elements 32 r to 32 r + 31.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

from sdn_mc.core.constants import DRAWS_PER_WORD

LANES = DRAWS_PER_WORD
_LANE = ir.IntType(32)
_WORD = ir.IntType(LANES)
_ROW = ir.VectorType(_LANE, LANES)
_FLAGS = ir.VectorType(ir.IntType(1), LANES)
_NO_POISON = ir.Constant(ir.IntType(1), 0)  # counting zeros of 0 is defined


class Row(types.Type):
    """32 int32 lanes, held in registers; exists only inside compiled code."""

    def __init__(self) -> None:
        super().__init__(name="Row")


row_type = Row()


@register_model(Row)
class RowModel(models.PrimitiveModel):
    """A row is the bare LLVM vector."""

    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _ROW)


@intrinsic
def load_row(typing: Any, array: Any, index: Any) -> Any:
    """Row number `index` of an array."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _load(context, builder, signature, *args)

    return row_type(array, index), emit


@intrinsic
def store_row(typing: Any, array: Any, index: Any, row: Any) -> Any:
    """Write row number `index` of an array."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature, args)).align = 4
        return context.get_dummy_value()

    return types.void(array, index, row), emit


@intrinsic
def load_rows(typing: Any, array: Any, first: Any, step: Any, nodes: Any) -> Any:
    """As many rows as the tuple `nodes` is long, `step` rows apart: a tuple kept in registers."""
    rows = types.UniTuple(row_type, len(nodes))

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = _grid(builder, args[1], args[2], len(nodes), 1)
        loaded = [_load(context, builder, signature, args[0], at) for at in places]
        return context.make_tuple(builder, rows, loaded)

    return rows(array, types.uint64, types.uint64, nodes), emit


@intrinsic
def load_grid(typing: Any, array: Any, first: Any, step: Any, outer: Any, inner: Any) -> Any:
    """Rows first + i * step + j for each place i of the tuple `outer` and j of `inner`."""
    rows = types.UniTuple(row_type, len(outer) * len(inner))

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = _grid(builder, args[1], args[2], len(outer), len(inner))
        loaded = [_load(context, builder, signature, args[0], at) for at in places]
        return context.make_tuple(builder, rows, loaded)

    return rows(array, types.uint64, types.uint64, outer, inner), emit


@intrinsic
def store_grid(
    typing: Any, array: Any, first: Any, step: Any, outer: Any, inner: Any, rows: Any
) -> Any:
    """Write what `load_grid` would read."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = _grid(builder, args[1], args[2], len(outer), len(inner))
        for at, row in zip(places, cgutils.unpack_tuple(builder, args[5]), strict=True):
            address = _address(context, builder, signature, (args[0], at))
            builder.store(row, address).align = 4
        return context.get_dummy_value()

    return types.void(array, types.uint64, types.uint64, outer, inner, rows), emit


@intrinsic
def least_sum(typing: Any, left: Any, right: Any) -> Any:
    """Lane by lane, the least of left[k] + right[k] over two tuples of rows."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = zip(*(cgutils.unpack_tuple(builder, each) for each in args), strict=True)
        sums = [builder.add(one, other) for one, other in pairs]
        while len(sums) > 1:  # pairwise, so that few wait for each other
            one, other = sums.pop(0), sums.pop(0)
            sums.append(builder.select(builder.icmp_signed("<", one, other), one, other))
        return sums[0]

    return row_type(left, right), emit


@intrinsic
def lower_each(typing: Any, best: Any, left: Any, right: Any) -> Any:
    """The tuple `best`, its row i * len(right) + j lowered to left[i] + right[j]."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lowered, lefts, rights = (cgutils.unpack_tuple(builder, each) for each in args)
        sums = [builder.add(one, other) for one in lefts for other in rights]
        for i, each in enumerate(sums):
            less = builder.icmp_signed("<", lowered[i], each)
            lowered[i] = builder.select(less, lowered[i], each)
        return context.make_tuple(builder, best, lowered)

    return best(best, left, right), emit


@intrinsic
def every_lane(typing: Any, value: Any) -> Any:
    """A row with the same int32 in every lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _in_every_lane(builder, args[0])

    return row_type(types.int32), emit


@intrinsic
def add_rows(typing: Any, left: Any, right: Any) -> Any:
    """Lane by lane, left + right."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.add(*args)

    return row_type(left, right), emit


@intrinsic
def lesser(typing: Any, left: Any, right: Any) -> Any:
    """Lane by lane, the smaller of the two."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.icmp_signed("<", *args), *args)

    return row_type(left, right), emit


@intrinsic
def where_bit(typing: Any, word: Any, if_set: Any, if_clear: Any) -> Any:
    """Lane i from `if_set` where bit i of the uint32 word is set, else from `if_clear`."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.bitcast(args[0], _FLAGS), args[1], args[2])

    return row_type(types.uint32, if_set, if_clear), emit


@intrinsic
def common_bits(typing: Any, left: Any, right: Any) -> Any:
    """Lane by lane, left & right."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.and_(*args)

    return row_type(left, right), emit


@intrinsic
def differing_bits(typing: Any, left: Any, right: Any) -> Any:
    """Lane by lane, left ^ right."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.xor(*args)

    return row_type(left, right), emit


@intrinsic
def rotated(typing: Any, row: Any, bits: Any) -> Any:
    """Lane by lane, turned to the left by so many bits, 1 to 31."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left = _in_every_lane(builder, builder.trunc(args[1], _LANE))
        right = builder.sub(ir.Constant(_ROW, [32] * LANES), left)
        return builder.or_(builder.shl(args[0], left), builder.lshr(args[0], right))

    return row_type(row, types.int64), emit


@intrinsic
def lane_elements(typing: Any, array: Any, first: Any) -> Any:
    """In lane i, element first[i] + i of an int32 array; plain loads, as fast as a gather."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0]).data
        row = ir.Constant(_ROW, ir.Undefined)
        for i in range(LANES):
            lane = ir.Constant(_LANE, i)
            at = builder.zext(builder.extract_element(args[1], lane), ir.IntType(64))
            at = builder.add(at, ir.Constant(at.type, i))
            row = builder.insert_element(row, builder.load(builder.gep(data, [at])), lane)
        return row

    return row_type(array, first), emit


@intrinsic
def lanes_less(typing: Any, left: Any, right: Any) -> Any:
    """The lanes where left < right, as the bits of a uint32 word."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(builder.icmp_signed("<", *args), _WORD)

    return types.uint32(left, right), emit


@intrinsic
def lanes_below(typing: Any, left: Any, right: Any) -> Any:
    """The lanes where left < right as numbers without sign, as the bits of a uint32 word."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(builder.icmp_unsigned("<", *args), _WORD)

    return types.uint32(left, right), emit


@intrinsic
def lanes_equal(typing: Any, left: Any, right: Any) -> Any:
    """The lanes where left = right, as the bits of a uint32 word."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(builder.icmp_signed("==", *args), _WORD)

    return types.uint32(left, right), emit


@intrinsic
def lowest_bit(typing: Any, word: Any) -> Any:
    """Position of the lowest set bit of a uint64."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], _NO_POISON)

    return types.uint64(types.uint64), emit


@intrinsic
def highest_bit(typing: Any, word: Any) -> Any:
    """Position of the highest set bit of a uint64 that is not 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zeros = builder.ctlz(args[0], _NO_POISON)
        return builder.sub(ir.Constant(ir.IntType(64), 63), zeros)

    return types.uint64(types.uint64), emit


@intrinsic
def count_bits(typing: Any, word: Any) -> Any:
    """Number of set bits of a uint64."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), emit


def _in_every_lane(builder: Any, value: Any) -> Any:
    undefined = ir.Constant(_ROW, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_LANE, 0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(_LANE, LANES), [0] * LANES)
    )


def _grid(builder: Any, first: Any, step: Any, n_outer: int, n_inner: int) -> list[Any]:
    """Row numbers first + i * step + j."""
    places = []
    for _ in range(n_outer):
        places += [builder.add(first, ir.Constant(first.type, j)) for j in range(n_inner)]
        first = builder.add(first, step)
    return places


def _load(context: Any, builder: Any, signature: Any, array: Any, index: Any) -> Any:
    load = builder.load(_address(context, builder, signature, (array, index)))
    load.align = 4  # numpy promises no more
    return load


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    data = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0]).data
    element = builder.mul(args[1], ir.Constant(args[1].type, LANES))
    return builder.bitcast(builder.gep(data, [element]), _ROW.as_pointer())
