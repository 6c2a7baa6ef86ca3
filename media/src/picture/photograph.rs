//! A photograph as WebP stores it: a plane of luma, and two of chroma for every second pixel across and down (ITU-R BT.601
//! in its narrow range). A JPEG file holds nearly the same, so nothing is made RGB and back.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, Luma};

use super::fit::{self, Part};
use super::{Picture, THUMBNAIL, encode};
use crate::{Kind, Rejection};

/// The chroma of greys.
const GREY: Luma<u8> = Luma([128]);

/// A photograph as WebP stores it.
pub(super) struct Photograph {
    pub(super) luma: GrayImage,
    /// Blue and red.
    pub(super) chroma: [GrayImage; 2],
}

impl Photograph {
    /// From luma and, unless it is grey, chroma.
    pub(super) fn new(luma: &Part, chroma: Option<[&Part; 2]>, size: (u32, u32)) -> Result<Self, Rejection> {
        let half = chroma_size(size);
        let chroma = match chroma {
            Some([blue, red]) => [blue.resized(half)?, red.resized(half)?],
            None => [(); 2].map(|()| GrayImage::from_pixel(half.0, half.1, GREY)),
        };
        Ok(Self { luma: luma.resized(size)?, chroma })
    }

    pub(super) fn turned(self, orientation: Orientation) -> Self {
        let turned = |plane| {
            let mut plane = DynamicImage::ImageLuma8(plane);
            plane.apply_orientation(orientation);
            plane.into_luma8()
        };
        Self { luma: turned(self.luma), chroma: self.chroma.map(turned) }
    }

    /// What is stored of it.
    pub(super) fn finish(&self) -> Result<Picture, Rejection> {
        let (width, height) = self.luma.dimensions();
        let [blue, red] = self.chroma.each_ref().map(Part::whole);
        let size = fit::size_within((width, height), (THUMBNAIL, THUMBNAIL));
        let small = Self::new(&Part::whole(&self.luma), Some([&blue, &red]), size)?;
        let thumbnail = encode::webp_of_planes(&small)?;
        Ok(Picture { bytes: encode::webp_of_planes(self)?, kind: Kind::Webp, width, height, thumbnail })
    }
}

/// A half of it, rounded up.
pub(super) fn chroma_size((width, height): (u32, u32)) -> (u32, u32) {
    (width.div_ceil(2), height.div_ceil(2))
}
