"""What is written for another program, by module: each has a test in which that program, or its parser, reads it back.

A module that begins to write something stands here with its test, or this fails.
"""

import re
from collections.abc import Mapping
from typing import Final

import pytest

from tests.conftest import ROOT

NODE: Final = ROOT / "assets" / "node" / "musternode"

READ_BACK: Final[Mapping[str, str]] = {
    "units": "rendered_units::test_units_of_as400gateway",
    "carbon/units": "rendered_units::test_units_of_wso2_carbon",
    "appserver/units": "rendered_units::test_units_of_wso2_as",
    "kaazing/units": "rendered_units::test_the_unit_of_kaazing",
    "axonivy/units": "rendered_units::test_units_of_axonivy",
    "axonivy/shared": "rendered_units::test_the_mount_of_efs",
    "subversion/units": "rendered_units::test_the_unit_of_the_repository",
    "carbon/launch": "rendered_units::test_units_of_wso2_carbon",
    "kaazing/launch": "rendered_units::test_the_unit_of_kaazing",
    "axonivy/launch": "rendered_units::test_units_of_axonivy",
    "h2/text": "rendered_texts::test_java_gets_the_arguments_of_a_file_as_they_were",
    "h2/offline": "node_wire::test_any_name_that_is_quoted_is_one_name",
    "launch_conf": "rendered_texts::test_bash_gets_the_options_of_before_and_those_of_the_pair",
    "appserver/start_script": "node_appserver_start_script::test_the_shell_joins_the_lines_as_before",
    "properties": "node_properties::test_what_is_put_is_what_java_reads_and_no_other_key_changes",
    "carbon/hazelcast_properties": "node_carbon_hazelcast::test_lines_of_the_user_stay_and_a_value",
    "appserver/datasources": "rendered_texts::test_any_database_arrives_at_the_servers_or_is_refused",
    "appserver/registry_xml": "rendered_texts::test_any_name_of_a_registrys_copies_arrives",
    "appserver/user_mgt": "node_appserver_user_mgt::test_twice_is_once",
    "appserver/page": "rendered_texts::test_any_database_arrives_at_the_servers_or_is_refused",
    "appserver/carbon_xml": "node_appserver_carbon_xml::test_any_password_and_address_arrive",
    "appserver/catalina_xml": "node_appserver_catalina_xml::test_all_but_the_proxy_ports_stays",
    "appserver/axis2_properties": "node_appserver_axis2_properties::test_the_clustering_and_the_properties",
    "appserver/names": "node_appserver_names::test_doing_it_twice_changes_nothing_and_other_lines_stay",
    "axonivy/naming": "node_axonivy_kind::test_the_host_is_called_as_the_route_says",
    "axonivy/ivy_yaml": "node_axonivy_yaml::test_any_value_arrives",
    "axonivy/yaml_line": "node_axonivy_yaml::test_any_value_arrives",
    "axonivy/yaml_edit": "node_axonivy_yaml::test_what_is_wanted_is_what_another_parser_reads",
    "axonivy/jgroups": "node_axonivy_jgroups::test_any_members_are_told_in_their_order",
    "axonivy/server_xml": "node_axonivy_server_xml::test_what_is_wanted_is_what_another_parser_reads",
    "axonivy/redirect": "node_axonivy_redirect::test_each_port_leads_to_the_connector_from_outside_and_from_the_node",
    "carbon/axis2": "node_carbon_axis2::test_any_value_arrives",
    "carbon/bridge": "node_carbon_bridge::test_only_the_products_packages_are_led_to_the_bridge",
    "carbon/deployment_toml": "node_carbon_toml::test_any_value_arrives",
    "carbon/engine_toml": "node_carbon_toml::test_any_value_arrives",
    "carbon/engine_log": "node_carbon_engine_log::test_appenders_behind_the_level_stay",
    "kaazing/gateway_config": "rendered_texts::test_any_name_of_a_gateways_cluster_that_the_cluster_file_takes_arrives",
    "h2/kernel": "node_kernel::test_an_armed_port_is_shut_to_new_and_established_connections_and_no_other_is",
    "subversion/accounts": "node_subversion_accounts::test_what_is_accepted_is_read_back_from_the_file_as_it_was_given",
    "subversion/conf": "node_subversion_server::test_no_other_way_in_is_offered",
    "subversion/hooks": "node_subversion_mirror::test_its_hooks_refuse_writes_that_svnserve_lets_through",
    "hardening": "node_hardening::test_systemd_knows_every_word_of_every_unit",
    "tls/config": "node_tls_units::test_the_configuration_says_what_the_front_is",
    "between/config": "node_between::test_what_one_front_asks_for_by_name_the_other_leads_there",
    "tls/units": "node_hardening::test_systemd_knows_every_word_of_every_unit",
    "between/passage": "node_between_wired::test_nothing_that_goes_to_a_plain_port_of_the_other_node_can_be_read",
    "between/units": "node_hardening::test_systemd_knows_every_word_of_every_unit",
    "updates/units": "node_updates_units::test_systemd_reads_hour_and_process_as_they_were_meant",
    "guard": "node_guard::test_the_kernel_keeps_everybody_else_from_the_server",
    "state": "node_state::test_no_words_break_a_reader",
}
"""By the module on the node, how the name of its test begins.

What nodes are told is written by the stack: tests/test_settings_document.py, tests/test_fuzz_files.py.
"""

_WRITES: Final = re.compile(
    r"^def (configuration|patched|rendered|argument_file|ruleset|passwd|authz|quoted|with_clustering|java_options)\("
    r"|^def rules\((user|address)|^def environment\(java_home"
    r'|^def put\(content|return f"""\\$|^TEXT = f?"""\\$',
    re.MULTILINE,
)


def test_every_module_that_writes_for_another_program_has_its_test() -> None:
    found = {
        str(file.relative_to(NODE).with_suffix(""))
        for file in NODE.rglob("*.py")
        if _WRITES.search(file.read_text(encoding="utf-8"))
    }
    assert found - set(READ_BACK) == set()
    assert len(found) > 25, "the search for what is written finds too little"


@pytest.mark.parametrize("module", sorted(READ_BACK))
def test_the_test_of_a_module_is_there(module: str) -> None:
    file, _, name = READ_BACK[module].partition("::")
    assert (NODE / f"{module}.py").is_file()
    assert f"def {name}" in (ROOT / "tests" / f"test_{file}.py").read_text(encoding="utf-8")
