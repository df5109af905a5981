"""What runs Lambda functions, on this machine: the runtime API, the process under Amazon's own client, and a queue's mapping."""

from __future__ import annotations

from wipsie.testing.simulators.aws_lambda.function_process import FunctionProcess
from wipsie.testing.simulators.aws_lambda.runtime_api import Invoked, RuntimeApi
from wipsie.testing.simulators.aws_lambda.sqs_mapping import SqsMapping

__all__ = ["FunctionProcess", "Invoked", "RuntimeApi", "SqsMapping"]
