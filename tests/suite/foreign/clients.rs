//! Clients that are generated from the document work.

use std::{fs, process::Command};

use super::{done, file, gateway, tools};

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_python_client_links_and_unlinks() {
    let Some(tools) = tools() else { return };
    let (_database, app, folder, url) = gateway().await;
    let mut generate = tools.python("openapi-python-client");
    let printed = done(
        generate.args(["generate", "--path", "openapi.json", "--output-path", "client", "--meta", "none"]),
        &folder,
    );
    assert!(!printed.contains("Warning"), "{printed}");
    fs::rename(folder.path().join("client"), folder.path().join("rollcall_client")).unwrap();
    fs::copy(file("client.py"), folder.path().join("client.py")).unwrap();
    let printed = done(tools.python("python").args(["client.py", &url, &app.token]), &folder);
    assert!(printed.contains("done"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_typescript_client_links_and_unlinks() {
    let Some(tools) = tools() else { return };
    let (_database, app, folder, url) = gateway().await;
    done(tools.node("openapi-ts").args(["-i", "openapi.json", "-o", "generated"]), &folder);
    fs::copy(file("client.ts"), folder.path().join("client.ts")).unwrap();
    let types = tools.0.join("node_modules/@types");
    let mut compile = tools.node("tsc");
    compile.args(["--strict", "--target", "es2022", "--module", "commonjs", "--skipLibCheck"]);
    compile.arg("--typeRoots").arg(types).args(["--types", "node", "--outDir", "out", "client.ts"]);
    done(&mut compile, &folder);
    let mut node = Command::new("node");
    let printed = done(node.args(["out/client.js", &url, &app.token]), &folder);
    assert!(printed.contains("done"), "{printed}");
}
