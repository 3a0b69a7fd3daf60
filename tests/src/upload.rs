//! Uploads: asking for an address, putting a file there, and fetching what a message carries. And pictures to put there.

use std::io::Cursor;
use std::path::PathBuf;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use serde_json::{Value, json};

use crate::deadline::within;
use crate::{Answer, Sent, Server, User};

/// What is asked of an attachment.
pub const ATTACHMENT: &str = "id url type name size width height thumbnailUrl metadata";

/// An upload whose file is not here yet.
#[derive(Clone, Debug)]
pub struct Given {
    /// `upl_…`
    pub id: String,
    /// Where to put its file.
    pub url: String,
}

impl User {
    /// Asks for an address to put a file to.
    pub async fn try_begin_upload(&self, input: Value) -> Answer {
        self.mutate("attachmentUploadCreate", input, "upload { id url method expiresAt }").await
    }

    /// The same, of a file that has so many bytes.
    pub async fn begin_upload(&self, name: &str, media_type: &str, size: usize) -> Given {
        let answer = self.try_begin_upload(json!({ "name": name, "type": media_type, "size": size })).await;
        let text = |field: &str| answer.text(&format!("/attachmentUploadCreate/upload/{field}"));
        Given { id: text("id"), url: text("url") }
    }

    /// Puts a file there, and gives its upload.
    pub async fn upload(&self, server: &Server, name: &str, media_type: &str, bytes: &[u8]) -> String {
        let given = self.begin_upload(name, media_type, bytes.len()).await;
        let answer = server.put(&given.url, bytes.to_vec()).await;
        let status = answer.status();
        assert_eq!(status, 200, "{}", answer.text().await.unwrap());
        given.id
    }

    /// Sends a message that carries uploads.
    pub async fn try_send_files(&self, thread: &str, uploads: &[&str]) -> Answer {
        let attachments: Vec<_> = uploads.iter().map(|id| json!({ "uploadId": id })).collect();
        self.try_send_with(json!({ "threadId": thread, "content": "files", "attachments": attachments })).await
    }

    /// The same, that is not refused.
    pub async fn send_files(&self, thread: &str, uploads: &[&str]) -> Sent {
        let answer = self.try_send_files(thread, uploads).await;
        Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") }
    }

    /// What a message carries.
    pub async fn attachments(&self, message: &str) -> Vec<Value> {
        let message = self.message(message, &format!("attachments {{ {ATTACHMENT} }}")).await;
        message["attachments"].as_array().expect("the message is seen").clone()
    }

    /// Uploads a file, sends it alone, and gives the attachment.
    pub async fn share(&self, server: &Server, thread: &str, (name, media_type): (&str, &str), bytes: &[u8]) -> Value {
        let upload = self.upload(server, name, media_type, bytes).await;
        let sent = self.send_files(thread, &[&upload]).await;
        self.attachments(&sent.id).await.remove(0)
    }
}

impl Server {
    /// Puts bytes to an address.
    pub async fn put(&self, url: &str, bytes: Vec<u8>) -> reqwest::Response {
        within("the answer to a file", self.http().put(self.at(url)).body(bytes).send()).await.unwrap()
    }

    /// Fetches what an attachment says where it is.
    pub async fn fetch(&self, url: &Value, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.http().get(self.at(url.as_str().expect("an address")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        within("a file", request.send()).await.unwrap()
    }

    /// The files that it keeps in its directory, of all uploads, and those that come in.
    pub fn kept(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut directories = vec![self.data().join("uploads"), self.data().join("incoming")];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { directories.push(path) } else { found.push(path) }
            }
        }
        found
    }
}

/// A picture of one colour, packed in a format.
pub fn picture(format: ImageFormat, width: u32, height: u32, colour: [u8; 4]) -> Vec<u8> {
    let picture = DynamicImage::ImageRgba8(RgbaImage::from_pixel(width, height, Rgba(colour)));
    // JPEG knows no transparency.
    let picture = if format == ImageFormat::Jpeg { picture.into_rgb8().into() } else { picture };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A small picture.
pub fn png() -> Vec<u8> {
    picture(ImageFormat::Png, 8, 6, [200, 30, 30, 255])
}

/// A picture as telephones make them: to be turned by a quarter, and with a note of where it was taken.
pub fn photograph(width: u32, height: u32, place: &str) -> Vec<u8> {
    let plain = picture(ImageFormat::Jpeg, width, height, [10, 120, 40, 255]);
    // TIFF, of which one entry says that it is to be turned clockwise, and another describes it.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x0e\x01\x02\0");
    exif.extend(u32::try_from(place.len() + 1).unwrap().to_le_bytes());
    exif.extend(38_u32.to_le_bytes());
    exif.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
    exif.extend(place.as_bytes());
    exif.push(0);
    let mut bytes = plain[..2].to_vec();
    bytes.extend(b"\xff\xe1");
    bytes.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&plain[2..]);
    bytes
}
