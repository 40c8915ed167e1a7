"""Texts that people, or whoever sends something in their name, could give as a query at any door.

``$URL`` stands for the address of a socket on which a test listens.
"""

from __future__ import annotations

__all__ = ["ENDLESS", "LARGE", "MEMORY", "REACHING", "UNREADABLE", "WRITING"]

CALL = "SERVICE SILENT <$URL> { ?s ?p ?o }"

REACHING = [
    "SELECT * { " + CALL + " }",
    "SELECT*{service<$URL>{?s ?p ?o}}",
    "SELECT * { SERVICESILENT<$URL>{ ?s ?p ?o } }",
    "SELECT * { SeRvIcE <$URL> { ?s ?p ?o } }",
    "SELECT * { SERVICE # comment\n <$URL> { ?s ?p ?o } }",
    "SELECT * { # a comment ends\r" + CALL + " }",
    "# SELECT * {}\nSELECT * { " + CALL + " }",
    "SELECT * { \\u0053ERVICE SILENT <$URL> { ?s ?p ?o } }",
    "SELECT * { \\U00000053ERVIC\\u0045 <$URL> { ?s ?p ?o } }",
    "PREFIX n: <$URL> SELECT * { SERVICE n: { ?s ?p ?o } }",
    "PREFIX : <$URL> SELECT * { SERVICE:name { ?s ?p ?o } }",
    "BASE <$URL> SELECT * { SERVICE <x> { ?s ?p ?o } }",
    "SELECT * { VALUES ?u { <$URL> } SERVICE ?u { ?s ?p ?o } }",
    "SELECT * { BIND(IRI(CONCAT('$URL', 'x')) AS ?u) SERVICE SILENT ?u { ?s ?p ?o } }",
    "SELECT * { OPTIONAL { ?a ?b 1.SERVICE <$URL> { ?s ?p ?o } } }",
    "SELECT * { OPTIONAL { ?a ?b 1e5" + CALL + " } }",
    "SELECT * { { SELECT * { " + CALL + " } } }",
    "SELECT * { FILTER NOT EXISTS { " + CALL + " } }",
    "SELECT * { ?s ?p ?o OPTIONAL { " + CALL + " } }",
    "SELECT * { { ?s ?p ?o } UNION { " + CALL + " } }",
    "SELECT * { ?s ?p ?o MINUS { " + CALL + " } }",
    "SELECT * { GRAPH ?g { " + CALL + " } }",
    "ASK { " + CALL + " }",
    "CONSTRUCT { ?s ?p ?o } WHERE { " + CALL + " }",
    "DESCRIBE ?s WHERE { " + CALL + " }",
    'SELECT * { BIND("""\n\\"""" AS ?x) ' + CALL + ' BIND("""""" AS ?y) }',
    'SELECT * { BIND("\\u0022" AS ?x) ' + CALL + ' BIND("a" AS ?y) }',
    "SELECT * { BIND(1 AS ?a) FILTER(?a<'x>'||1<2) " + CALL + " BIND('' AS ?q) }",
    "\ufeffSELECT * { " + CALL + " }",
    "SELECT (1 AS ?x) {} ; SELECT * { " + CALL + " }",
    "SELECT * { LATERAL { " + CALL + " } }",
]

WRITING = [
    "INSERT DATA { <http://a> <http://b> 1 }",
    "insert data { graph <http://g> { <http://a> <http://b> 1 } }",
    "PREFIX ex: <http://a/> INSERT { ?s ex:p 1 } WHERE { ?s ?p ?o }",
    "DELETE WHERE { ?s ?p ?o }",
    "DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    "LOAD <$URL>",
    "LOAD SILENT <$URL> INTO GRAPH <http://a/g>",
    "CLEAR ALL",
    "DROP SILENT DEFAULT",
    "CREATE GRAPH <http://a/g>",
    "COPY DEFAULT TO <http://a/g>",
    "MOVE <http://a/g> TO DEFAULT",
    "ADD <http://a/g> TO <http://a/h>",
    "SELECT * {} ; DROP ALL",
    "ASK {}\n;\nLOAD <$URL>",
    "# SELECT\nDROP ALL",
    "\ufeffDROP ALL",
    "DR\\u004fP ALL",
]

UNREADABLE = [
    "SELECT * { " + "{" * 10_000 + "}" * 10_000 + " }",
    "SELECT * { FILTER(" + "(" * 10_000 + "1" + ")" * 10_000 + ") }",
    "SELECT * { FILTER(" + "IF(1,1," * 10_000 + "1" + ")" * 10_000 + ") }",
    "SELECT * { FILTER(?a<" + "(" * 10_000 + "1" + ")" * 10_000 + "&&2>1) }",
    "SELECT * { " + "FILTER EXISTS { " * 10_000 + "}" * 10_000 + " }",
    "SELECT * { ?s ?p " + "[<a:a> " * 10_000 + "1" + "]" * 10_000 + " }",
    "SELECT * { ?s " + "(" * 10_000 + "<a:a>" + ")" * 10_000 + " ?o }",
    "SELECT * { FILTER(" + "!" * 10_000 + "true) }",
    "SELECT * { FILTER(1" + "+1" * 10_000 + ") }",
    "SELECT * { {}" + "UNION{}" * 10_000 + " }",
    "SELECT * { " + "MINUS{?a ?b ?c}" * 10_000 + " }",
    "SELECT * { " + "".join(f"BIND(1 AS ?v{i})" for i in range(10_000)) + " }",
    "SELECT * { ?s ?p '" + "x" * 10_000_000 + "' }",
    "#" * 10_000_000,
    "SELECT * { ?s ?p '''" + "service" * 10_000 + " }",
    'SELECT * { ?s ?p """' + '\\"""' * 10_000 + " }",
    "SELECT * { ?s ?p ?o \0 }",
    "SELECT * { ?s ?p ?o",
    "",
    "\0",
]

MANY = " ".join(str(number) for number in range(1000))

ENDLESS = [
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
    # One row in sixteen is kept: sorting all of them would reach a limit of memory before one of time.
    "SELECT ?a { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(STRSTARTS(MD5(CONCAT(STR(?c), STR(?f), STR(?i))), '0')) }"
    " ORDER BY ?i ?c",
    "SELECT (COUNT(*) AS ?n) { ?a (<a:p>|!<a:p>)* ?b . ?c (<a:p>|!<a:p>)* ?d . ?e (<a:p>|!<a:p>)* ?f }",
    f"SELECT (COUNT(*) AS ?n) {{ VALUES ?a {{ {MANY} }} VALUES ?b {{ {MANY} }} VALUES ?c {{ {MANY} }} }}",
    "SELECT * { " + "?a <http://a/b> ?c . " * 400 + "}",
]

MEMORY = "SELECT (GROUP_CONCAT('" + "x" * 100_000 + "') AS ?g) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
"""Needs far more than any limit."""

LARGE = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
"""More rows than anybody can take."""
