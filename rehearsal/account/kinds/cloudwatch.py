"""CloudWatch alarms and dashboards. Alarms never change their state here: nothing evaluates metrics."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse, retag


class _AnyAlarm(Kind):
    """What metric alarms and composite ones have in common: `Ref` is the name, tags are changed, deletion."""

    def _arn(self, cloud: Cloud, name: str) -> str:
        return f"arn:aws:cloudwatch:{cloud.region}:{cloud.account_id}:alarm:{name}"

    def _retag(self, request: Request, old: Existing) -> None:
        arn = self._arn(request.cloud, old.physical_id)
        retag(request, old, "cloudwatch", ResourceARN=arn)

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the alarm."""
        cloud.call("cloudwatch", "DeleteAlarms", AlarmNames=[old.physical_id])


class Alarm(_AnyAlarm):
    """An alarm on a metric or on an expression over metrics."""

    type = "AWS::CloudWatch::Alarm"
    mutable = frozenset(
        {"ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "DatapointsToAlarm"}
        | {"Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationPeriods", "ExtendedStatistic"}
        | {"InsufficientDataActions", "MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic"}
        | {"Tags", "Threshold", "TreatMissingData", "Unit"}
    )
    properties = mutable | {"AlarmName"}
    custom_name = "AlarmName"

    def create(self, request: Request) -> Made:
        """Create the alarm."""
        name = request.properties.get("AlarmName") or request.generated_name(255)
        self._put(request, name, Tags=request.own_tags())
        return Made(name, {"Arn": self._arn(request.cloud, name)})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the alarm anew."""
        self._put(request, old.physical_id)
        self._retag(request, old)
        return old.attributes

    def _put(self, request: Request, name: str, **more: Any) -> None:
        given = request.given(*self.mutable - {"Tags"})
        if ("MetricName" in given) == ("Metrics" in given):
            raise refuse("exactly one of MetricName and Metrics is needed", "ValidationError")
        if "Metrics" in given:
            # CloudFormation takes true for a query that is left without ReturnData; the emulator takes false
            given["Metrics"] = [{"ReturnData": True, **query} for query in given["Metrics"]]
        request.call("cloudwatch", "PutMetricAlarm", AlarmName=name, **given, **more)


class CompositeAlarm(_AnyAlarm):
    """An alarm over the states of others."""

    type = "AWS::CloudWatch::CompositeAlarm"
    mutable = frozenset(
        {"ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmRule", "InsufficientDataActions", "OKActions"}
        | {"Tags"}
    )
    properties = mutable | {"AlarmName"}
    custom_name = "AlarmName"

    def create(self, request: Request) -> Made:
        """Create the alarm."""
        name = request.properties.get("AlarmName") or request.generated_name(255)
        self._put(request, name)
        request.call("cloudwatch", "TagResource", ResourceARN=self._arn(request.cloud, name), Tags=request.own_tags())
        return Made(name, {"Arn": self._arn(request.cloud, name)})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the alarm anew."""
        self._put(request, old.physical_id)
        self._retag(request, old)
        return old.attributes

    @staticmethod
    def _put(request: Request, name: str) -> None:
        given = request.properties
        actions = {part: given.get(part, []) for part in ("AlarmActions", "OKActions", "InsufficientDataActions")}
        about, enabled = given.get("AlarmDescription", ""), given.get("ActionsEnabled", True)
        request.cloud.emulator.put_composite_alarm(
            name, given["AlarmRule"], actions, description=about, enabled=enabled in (True, "true")
        )


class Dashboard(Kind):
    """A dashboard; `Ref` is its name. The emulator forgets its tags."""

    type = "AWS::CloudWatch::Dashboard"
    properties = frozenset({"DashboardBody", "DashboardName", "Tags"})
    mutable = frozenset({"DashboardBody", "Tags"})
    custom_name = "DashboardName"

    def create(self, request: Request) -> Made:
        """Create the dashboard."""
        name = request.properties.get("DashboardName") or request.generated_name(255)
        self._put(request, name)
        return Made(name)

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the dashboard anew."""
        self._put(request, old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the dashboard."""
        cloud.call("cloudwatch", "DeleteDashboards", DashboardNames=[old.physical_id])

    @staticmethod
    def _put(request: Request, name: str) -> None:
        body = str(request.properties["DashboardBody"])
        try:
            json.loads(body)
        except ValueError as fault:
            raise refuse("The field DashboardBody must be a valid JSON object", "InvalidParameterInput") from fault
        request.call("cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=body, Tags=request.own_tags())


KINDS: tuple[type[Kind], ...] = (Alarm, CompositeAlarm, Dashboard)
