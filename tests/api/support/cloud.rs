//! The local cloud behind the API, for what no client sees: the keys, what is left in the table, what is planned.

use std::collections::BTreeMap;

use reqwest::Url;
use serde_json::{Value, json};

use super::jwt::SigningKey;

/// The cloud that the system under test was deployed to.
pub(crate) struct Cloud {
    http: reqwest::Client,
    endpoint: String,
    region: String,
    root_key: String,
    stack: String,
}

impl Cloud {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self {
            http,
            endpoint: super::variable("AWS_ENDPOINT_URL").trim_end_matches('/').to_owned(),
            region: super::variable("AWS_REGION"),
            root_key: super::variable("AWS_ACCESS_KEY_ID"),
            stack: super::variable("STACK_NAME"),
        }
    }

    /// The secret with the master keys: their ids with the keys, and `current`.
    pub(crate) async fn keys(&self) -> Value {
        let id = json!({"SecretId": self.physical_id("Keys").await});
        let answer = self.json("secretsmanager", "secretsmanager.GetSecretValue", &id).await;
        let secret = super::text(&answer, "SecretString");
        serde_json::from_str(secret).expect("the secret is JSON")
    }

    /// Puts a new version of that secret.
    pub(crate) async fn put_keys(&self, keys: &Value) {
        let version = json!({"SecretId": self.physical_id("Keys").await, "SecretString": keys.to_string()});
        self.json("secretsmanager", "secretsmanager.PutSecretValue", &version).await;
    }

    /// The key that the system signs with.
    pub(crate) async fn current_key(&self) -> SigningKey {
        let keys = self.keys().await;
        let kid = super::text(&keys, "current");
        SigningKey::new(kid, super::text(&keys, kid))
    }

    /// The sort keys of all rows in a user's partition.
    pub(crate) async fn rows_of(&self, user_id: &str) -> Vec<String> {
        let query = json!({
            "TableName": self.physical_id("Table").await,
            "KeyConditionExpression": "PK = :partition",
            "ExpressionAttributeValues": {":partition": {"S": format!("USER#{user_id}")}},
            "ProjectionExpression": "SK",
            "ConsistentRead": true,
        });
        let answer = self.json("dynamodb", "DynamoDB_20120810.Query", &query).await;
        let rows = answer["Items"].as_array().unwrap_or_else(|| panic!("expected rows in {answer}"));
        rows.iter().map(|row| super::text(&row["SK"], "S").to_owned()).collect()
    }

    /// The keys of all objects in the bucket that contain this text, less those that are empty.
    pub(crate) async fn objects(&self, holding: &str) -> Vec<String> {
        let objects = self.sizes(holding).await.into_iter();
        objects.filter(|(_, size)| *size > 0).map(|(key, _)| key).collect()
    }

    /// The sizes of all objects in the bucket whose keys contain this text, by key.
    pub(crate) async fn sizes(&self, holding: &str) -> BTreeMap<String, u64> {
        let bucket = self.bucket().await;
        let request = self.http.get(format!("{}/{bucket}?list-type=2&max-keys=1000", self.endpoint));
        let xml = self.send("s3", request).await;
        assert!(!xml.contains("<IsTruncated>true"), "more objects than one page");
        let element = |object: &str, name: &str| {
            let (_, rest) = object.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {object}"));
            rest.split_once("</").map(|(text, _)| text.to_owned()).expect("an end")
        };
        let objects = xml.split("<Contents>").skip(1);
        let objects = objects.map(|it| (element(it, "Key"), element(it, "Size").parse().expect("a size")));
        objects.filter(|(key, _)| key.contains(holding)).collect()
    }

    /// Puts a row into a user's partition, behind the system's back: `attributes` are DynamoDB's JSON.
    pub(crate) async fn put_row(&self, user_id: &str, sort_key: &str, attributes: &Value) {
        let mut item = attributes.clone();
        item["PK"] = json!({"S": format!("USER#{user_id}")});
        item["SK"] = json!({"S": sort_key});
        let put = json!({"TableName": self.physical_id("Table").await, "Item": item});
        self.json("dynamodb", "DynamoDB_20120810.PutItem", &put).await;
    }

    /// Puts rows of sort keys and attributes into a user's partition, behind the system's back, as many at once as can be.
    pub(crate) async fn put_rows(&self, user_id: &str, rows: Vec<(String, Value)>) {
        const AT_ONCE: usize = 25;
        let table = self.physical_id("Table").await;
        for rows in rows.chunks(AT_ONCE) {
            let put = |(sort_key, attributes): &(String, Value)| {
                let mut item = attributes.clone();
                item["PK"] = json!({"S": format!("USER#{user_id}")});
                item["SK"] = json!({"S": sort_key});
                json!({"PutRequest": {"Item": item}})
            };
            let rows: Vec<Value> = rows.iter().map(put).collect();
            let request = json!({"RequestItems": {&table: rows}});
            self.json("dynamodb", "DynamoDB_20120810.BatchWriteItem", &request).await;
        }
    }

    /// Changes one text of a row in a user's partition, behind the system's back. `path` has dots between its names.
    pub(crate) async fn set_text(&self, user_id: &str, sort_key: &str, path: &str, value: &str) {
        let names: Vec<String> = (0..path.split('.').count()).map(|n| format!("#{n}")).collect();
        let named: serde_json::Map<String, Value> =
            names.iter().cloned().zip(path.split('.').map(|name| json!(name))).collect();
        let update = json!({
            "TableName": self.physical_id("Table").await,
            "Key": {"PK": {"S": format!("USER#{user_id}")}, "SK": {"S": sort_key}},
            "UpdateExpression": format!("SET {} = :value", names.join(".")),
            "ConditionExpression": "attribute_exists(PK)",
            "ExpressionAttributeNames": named,
            "ExpressionAttributeValues": {":value": {"S": value}},
        });
        self.json("dynamodb", "DynamoDB_20120810.UpdateItem", &update).await;
    }

    /// Puts a message onto a queue of template.yaml.
    pub(crate) async fn enqueue(&self, queue: &str, message: &Value) {
        let send = json!({"QueueUrl": self.physical_id(queue).await, "MessageBody": message.to_string()});
        self.json("sqs", "AmazonSQS.SendMessage", &send).await;
    }

    /// The functions' log line about a request that was answered so, in which neither `secret` occurs.
    pub(crate) async fn log_line(&self, answer: &super::Answer, secrets: &[&str]) -> Value {
        let id = answer.header("x-request-id").unwrap_or_else(|| panic!("expected a request id\n{answer}"));
        let log = super::variable("FUNCTIONS_LOG");
        let found = super::eventually("the request is logged", async || {
            let text = tokio::fs::read(&log).await.expect("the functions' log");
            let text = String::from_utf8_lossy(&text).into_owned();
            let lines: Vec<&str> = text.lines().filter(|line| line.contains(id)).collect();
            let is_its = |line: &&&str| line.contains("\"message\":\"http.request\"");
            lines.iter().find(is_its).map(|line| ((**line).to_owned(), lines.join("\n")))
        })
        .await;
        let (line, all) = found;
        for secret in secrets {
            assert!(!all.contains(secret), "{secret} is in the log: {all}");
        }
        let start = line.find('{').unwrap_or_default();
        serde_json::from_str(&line[start..]).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// What an operator's command answers on this stack.
    pub(crate) async fn operate(&self, words: &[&str]) -> Value {
        let said = self.operated(words).await.unwrap_or_else(|complaint| panic!("{words:?}: {complaint}"));
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{words:?} answered {said}: {error}"))
    }

    /// What an operator's command says, or complains of.
    pub(crate) async fn operated(&self, words: &[&str]) -> Result<String, String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let mut command = tokio::process::Command::new(super::variable("PYTHON"));
        command.current_dir(folder).args(["-m", "infra.operate", "--endpoint", &self.endpoint]).args(words);
        let output = command.output().await.expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// What the operators' program says of the table; it must succeed.
    pub(crate) async fn admin(&self, words: &[&str]) -> String {
        // Cargo puts tests into a folder of their own beside the programs.
        let test = std::env::current_exe().expect("a path");
        let folder = test.parent().and_then(std::path::Path::parent).expect("cargo's folder");
        let mut command = tokio::process::Command::new(folder.join("spacedly-admin"));
        command.args(["--table", &self.physical_id("Table").await]).args(words);
        let output = command.output().await.expect("spacedly-admin is built");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// The bucket that files are uploaded to.
    pub(crate) async fn bucket(&self) -> String {
        self.physical_id("Uploads").await
    }

    /// Delivers a message to a function that a queue feeds, and waits until it has worked on it.
    pub(crate) async fn deliver(&self, function: &str, message: &Value) {
        let record = json!({"messageId": "1", "body": message.to_string(), "eventSource": "aws:sqs"});
        let url = format!("{}/2015-03-31/functions/{}-{function}/invocations", self.endpoint, self.stack);
        let request = self.http.post(url).body(json!({"Records": [record]}).to_string());
        let answer: Value = serde_json::from_str(&self.send("lambda", request).await).expect("JSON");
        assert_eq!(answer, json!({"batchItemFailures": []}), "{function} has done {message}");
    }

    /// A file below `raw/` that nobody announced.
    pub(crate) async fn put_object(&self, key: &str, bytes: &[u8]) {
        let bucket = self.bucket().await;
        let request = self.http.put(format!("{}/{bucket}/{key}", self.endpoint)).body(bytes.to_vec());
        self.send("s3", request).await;
    }

    /// Takes a file out of the bucket, behind the system's back.
    pub(crate) async fn delete_object(&self, key: &str) {
        let bucket = self.bucket().await;
        let request = self.http.delete(format!("{}/{bucket}/{key}", self.endpoint));
        self.send("s3", request).await;
    }

    /// The names of a reminder's schedules.
    pub(crate) async fn schedules_of(&self, reminder_id: &str) -> Vec<String> {
        let path = format!("/schedules?NamePrefix=reminder-{reminder_id}-");
        let request = self.http.get(format!("{}{path}", self.endpoint));
        let answer: Value = serde_json::from_str(&self.send("scheduler", request).await).expect("JSON");
        let schedules = answer["Schedules"].as_array().unwrap_or_else(|| panic!("expected schedules in {answer}"));
        super::each(schedules, "Name").into_iter().map(str::to_owned).collect()
    }

    /// What a resource of template.yaml is called in the cloud.
    async fn physical_id(&self, logical_id: &str) -> String {
        let parameters = [
            ("Action", "DescribeStackResource"),
            ("Version", "2010-05-15"),
            ("StackName", self.stack.as_str()),
            ("LogicalResourceId", logical_id),
        ];
        let form = Url::parse_with_params("http://form", parameters).expect("parameters");
        let request = self
            .http
            .post(format!("{}/", self.endpoint))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.query().unwrap_or_default().to_owned());
        let xml = self.send("cloudformation", request).await;
        let id = xml.split_once("<PhysicalResourceId>").and_then(|(_, rest)| rest.split_once("</PhysicalResourceId>"));
        id.unwrap_or_else(|| panic!("expected the id of {logical_id} in {xml}")).0.to_owned()
    }

    async fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let request = self
            .http
            .post(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(body.to_string());
        serde_json::from_str(&self.send(service, request).await).unwrap_or_default()
    }

    /// Sends as the root user, whose signature the local cloud does not check.
    async fn send(&self, service: &str, request: reqwest::RequestBuilder) -> String {
        let scope = format!("{}/20260101/{}/{service}/aws4_request", self.root_key, self.region);
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let response = request.header("authorization", authorization).send().await.expect("the cloud answers");
        let status = response.status().as_u16();
        let body = response.text().await.expect("the cloud answers with text");
        assert!(matches!(status, 200 | 204), "{service} answered {status} {body}");
        body
    }
}
