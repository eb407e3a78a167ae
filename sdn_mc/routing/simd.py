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
        load = builder.load(_address(context, builder, signature, args))
        load.align = 4  # numpy promises no more
        return load

    return row_type(array, index), emit


@intrinsic
def store_row(typing: Any, array: Any, index: Any, row: Any) -> Any:
    """Write row number `index` of an array."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature, args)).align = 4
        return context.get_dummy_value()

    return types.void(array, index, row), emit


@intrinsic
def every_lane(typing: Any, value: Any) -> Any:
    """A row with the same int32 in every lane."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        undefined = ir.Constant(_ROW, ir.Undefined)
        first = builder.insert_element(undefined, args[0], ir.Constant(_LANE, 0))
        return builder.shuffle_vector(
            first, undefined, ir.Constant(ir.VectorType(_LANE, LANES), [0] * LANES)
        )

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
def lanes_less(typing: Any, left: Any, right: Any) -> Any:
    """The lanes where left < right, as the bits of a uint32 word."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(builder.icmp_signed("<", *args), _WORD)

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


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    data = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0]).data
    element = builder.mul(args[1], ir.Constant(args[1].type, LANES))
    return builder.bitcast(builder.gep(data, [element]), _ROW.as_pointer())
