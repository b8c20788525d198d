"""What every policy schema shares: strictness, the units of its numbers, and checks over several fields."""

from itertools import pairwise
from typing import Annotated, NoReturn

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

SUM_TOLERANCE = 1e-9

# Bounds stand either here or at the field, never in both: of two, pydantic silently keeps one.
Share = Annotated[float, Field(ge=0, le=1, json_schema_extra={"unit": "share"})]
PositiveShare = Annotated[float, Field(gt=0, le=1, json_schema_extra={"unit": "share"})]
Similarity = Annotated[float, Field(ge=0, le=1, json_schema_extra={"unit": "similarity"})]
BitsPerByte = Annotated[float, Field(json_schema_extra={"unit": "bits per byte"})]
Bytes = Annotated[int, Field(json_schema_extra={"unit": "bytes"})]
Seconds = Annotated[int, Field(json_schema_extra={"unit": "seconds"})]
Gpus = Annotated[int, Field(json_schema_extra={"unit": "GPUs"})]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")]


class PolicySchema(BaseModel):
    """One policy key, or a group of fields inside one: frozen, nothing unknown, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


def refuse(code: str, message: str, *fields: str) -> NoReturn:
    """Refuse a combination of `fields`; their names travel along, so that a form can point at them."""
    raise PydanticCustomError(code, "{message}", {"message": message, "fields": fields})


def check_sum(schema: PolicySchema, *fields: str) -> None:
    """Refuse unless `fields` sum to 1 within 1e-9."""
    total = sum(getattr(schema, name) for name in fields)
    if abs(total - 1) > SUM_TOLERANCE:
        refuse("sum_is_not_one", f"{' + '.join(fields)} is {total:.10g}, must be 1", *fields)


def check_order(schema: PolicySchema, *fields: str) -> None:
    """Refuse unless each of `fields` is at most the next."""
    for lower, upper in pairwise(fields):
        if getattr(schema, lower) > getattr(schema, upper):
            message = f"{lower} {getattr(schema, lower):g} is above {upper} {getattr(schema, upper):g}"
            refuse("out_of_order", message, lower, upper)
